"""What a page keeps on record of the history that it has been sent."""

from __future__ import annotations

import pytest

from padfleet.services.fanout.presence.resume_token import MOST, ResumeToken, brought, frame, parse
from padfleet.shared.wire import socketio


def kept(stay: ResumeToken) -> str:
    """What a client of Socket.IO keeps of the event."""
    event = socketio.decode(frame(stay).payload.decode("utf-8", "surrogatepass"))
    assert isinstance(event, socketio.Event)
    (text,) = event.args
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize("pad", ["p", "r.0123456789abcdef", "Ünï\ud800", "x" * 50])
def test_it_comes_back_as_it_was(pad: str) -> None:
    stay = ResumeToken(pad, 3, "0123456789abcdef01234567")
    text = kept(stay)
    assert pad not in text or pad == "p"
    assert len(text) <= MOST
    assert parse(brought({"pid": "x", "offset": text}), pad) == stay


def test_another_pads_is_of_no_use() -> None:
    assert parse(kept(ResumeToken("p", 3, "r")), "q") is None


@pytest.mark.parametrize(
    "auth",
    [
        None,
        "offset",
        ["offset"],
        {},
        {"offset": None},
        {"offset": 7},
        {"offset": "x" * (MOST + 1)},
        {"offset": ""},
        {"offset": "0 r"},
        {"offset": "-1 r 0"},
        {"offset": "² r 0"},
        {"offset": "0 r not-a-digest"},
        {"offset": "0 r 0 0"},
    ],
    ids=str,
)
def test_what_is_none_of_ours_is_passed_over(auth: object) -> None:
    assert parse(brought(auth), "p") is None
