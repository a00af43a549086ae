"""Tests what a page remembers about the history that it has been sent."""

from __future__ import annotations

import pytest

from padfleet.services.fanout.presence.resume_token import MOST, ResumeToken, brought, frame, parse
from padfleet.shared.wire import socketio


def kept(stay: ResumeToken) -> str:
    """Returns what a Socket.IO client keeps of the event."""
    event = socketio.decode(frame(stay).payload.decode("utf-8", "surrogatepass"))
    assert isinstance(event, socketio.Event)
    (text,) = event.args
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize("pad", ["p", "r.0123456789abcdef", "Ünï\ud800", "x" * 50])
def test_it_comes_back_as_it_was(pad: str) -> None:
    stay = ResumeToken("a.me", pad, 3, "0123456789abcdef01234567", "s")
    text = kept(stay)
    assert pad not in text or pad == "p"
    assert len(text) <= MOST
    assert parse(brought({"pid": "x", "offset": text}), "a.me", pad) == stay


@pytest.mark.parametrize(
    "stay",
    [
        ResumeToken("a.me", "p", 1 << 63, "0123456789abcdef01234567.16", "a-session-of-16_"),
        ResumeToken("a.me", "p", 3, "r", "this", "before", 0),
        ResumeToken("a.me", "p", 3, "r", "this", "", 7),
        ResumeToken("a.me", "p", 1 << 63, f"{'f' * 24}.16", "a" * 16, "b" * 16, 10**9),
    ],
)
def test_the_sessions_come_back_too(stay: ResumeToken) -> None:
    assert parse(brought({"offset": kept(stay)}), "a.me", "p") == stay


def test_another_authors_is_of_no_use() -> None:
    """The page goes on as the author whom it was loaded for: all that it submits would be
    refused."""
    assert parse(kept(ResumeToken("a.me", "p", 3, "r", "s")), "a.other", "p") is None


def test_what_is_in_flight_was_submitted_in_one_session() -> None:
    """A client that lacks a part of what it missed has submitted nothing since."""
    came = ResumeToken("a.me", "p", 3, "r", "first")
    assert came.submitted_as(0) == "first"
    back = ResumeToken("a.me", "p", 3, "r", "second", "first", 7)
    assert [back.submitted_as(rev) for rev in (5, 6, 7, 8)] == [
        "first",
        "first",
        "second",
        "second",
    ]


def test_another_pads_is_of_no_use() -> None:
    assert parse(kept(ResumeToken("a.me", "p", 3, "r", "s")), "a.me", "q") is None


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
        {"offset": "0 r 0 s - 1 1"},
        {"offset": "0 r 0 s - -1"},
    ],
    ids=str,
)
def test_what_is_none_of_ours_is_passed_over(auth: object) -> None:
    assert parse(brought(auth), "a.me", "p") is None
