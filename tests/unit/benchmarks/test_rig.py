"""Tests what the benchmarks' typist submits, and the first messages of their clients."""

from __future__ import annotations

from padfleet.shared.easysync import apply_to_text
from padfleet.shared.wire.socketio import Event, decode
from tests.benchmarks.rig import TEXT, Pad, ready


def test_the_typist_submits_each_character_on_the_text_of_the_one_before() -> None:
    pad = Pad("pad", "typist")
    text = f"{TEXT}\n"
    for rev in range(1, 40):
        submission = pad.type()
        assert submission.base_rev == rev - 1
        assert submission.origin == ("typist", rev)
        text = apply_to_text(submission.changeset, text)
    assert text == "x" * 39 + f"{TEXT}\n"
    assert pad.head == 39


def test_a_newcomer_says_who_it_is_and_what_it_understands() -> None:
    packet = decode(ready("pad%p", supports=["NEW_CHANGES_BATCH"]))
    assert isinstance(packet, Event)
    (message,) = packet.args
    assert message["padId"] == "pad%p"
    assert message["token"] == "t.benchmark%n"
    assert message["supports"] == ["NEW_CHANGES_BATCH"]
    assert "reconnect" not in message


def test_a_returning_client_says_which_revision_it_has() -> None:
    packet = decode(ready("pad", resume=True).replace("%r", "7"))
    assert isinstance(packet, Event)
    (message,) = packet.args
    assert message["reconnect"] is True
    assert message["client_rev"] == 7
