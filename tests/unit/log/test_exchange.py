"""Tests which reply belongs to which command, on a simulated connection."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import exceptions

from padfleet.shared.log.connection.connect import UNREACHABLE
from padfleet.shared.log.connection.errors import NotNow
from padfleet.shared.log.connection.exchange import BYTES, COMMANDS, Asked, Broken, Exchange

REPLIES: list[tuple[bytes, Any]] = [
    (b"+OK\r\n", b"OK"),
    (b":17\r\n", 17),
    (b"$5\r\na\r\nbc\r\n", b"a\r\nbc"),
    (b"$0\r\n\r\n", b""),
    (b"$-1\r\n", None),
    (b"*-1\r\n", None),
    (b"*0\r\n", []),
    (b"*2\r\n$1\r\nx\r\n*1\r\n:1\r\n", [b"x", [1]]),
    (b"-ERR no\r\n", exceptions.ResponseError),
    (b"-NOSCRIPT No matching script\r\n", exceptions.NoScriptError),
    (b"-MOVED 7 127.0.0.1:7001\r\n", exceptions.MovedError),
    (b"-ASK 7 127.0.0.1:7001\r\n", exceptions.AskError),
    (b"-TRYAGAIN later\r\n", exceptions.TryAgainError),
    (b"-CLUSTERDOWN down\r\n", exceptions.ClusterDownError),
    (b"-LOADING soon\r\n", exceptions.BusyLoadingError),
    (b"-READONLY replica\r\n", exceptions.ReadOnlyError),
    (b"-MASTERDOWN link\r\n", exceptions.MasterDownError),
    (b"-OOM full\r\n", exceptions.OutOfMemoryError),
    (b"-MISCONF disk\r\n", NotNow),
    (b"-NOREPLICAS few\r\n", NotNow),
    (b"-BUSY script\r\n", NotNow),
]


def are(replies: list[Any], expected: list[Any]) -> bool:
    return len(replies) == len(expected) and all(
        isinstance(reply, what) if isinstance(what, type) else reply == what
        for reply, what in zip(replies, expected, strict=True)
    )


@given(st.data())
def test_each_reply_goes_to_the_command_it_answers(data: st.DataObject) -> None:
    """It does so whatever is asked meanwhile, and wherever the replies are cut in two."""
    exchange: Exchange[int] = Exchange()
    wanted: deque[tuple[int, list[Any]]] = deque()  # the model: who asked, and what it gets
    coming = b""
    for number in range(data.draw(st.integers(1, 12))):
        answers = data.draw(st.lists(st.sampled_from(REPLIES), min_size=1, max_size=4))
        exchange.ask(Asked(len(answers), 10, number), 0.0)
        wanted.append((number, [reply for _, reply in answers]))
        coming += b"".join(wire for wire, _ in answers)
        length = data.draw(st.integers(0, len(coming)))
        for done in exchange.feed(coming[:length], 1.0):
            who, expected = wanted.popleft()
            assert done.waiter == who
            assert are(done.replies, expected)
        coming = coming[length:]
        assert exchange.is_idle == (not wanted)
    for done in exchange.feed(coming, 1.0):
        who, expected = wanted.popleft()
        assert (done.waiter, are(done.replies, expected)) == (who, True)
    assert not wanted
    assert exchange.is_idle


@given(st.lists(st.sampled_from(REPLIES), max_size=4), st.integers(1, 3))
def test_what_has_come_before_the_end_is_kept_and_the_rest_fails(
    came: list[tuple[bytes, Any]], missing: int
) -> None:
    exchange: Exchange[str] = Exchange()
    exchange.ask(Asked(len(came) + missing, 10, "first"), 0.0)
    exchange.ask(Asked(1, 10, "second"), 0.0)
    assert exchange.feed(b"".join(wire for wire, _ in came), 1.0) == []
    error = exceptions.ConnectionError("gone")
    first, second = exchange.end()
    for asked in (first, second):
        asked.fail(error)
    assert are(first.replies[: len(came)], [reply for _, reply in came])
    assert first.replies[len(came) :] == [error] * missing
    assert (second.waiter, second.replies) == ("second", [error])
    assert exchange.is_idle


@pytest.mark.parametrize(
    "stray",
    [
        b"+more\r\n",
        b"-ERR max number of clients reached\r\n",
        b">2\r\n$1\r\nx\r\n$1\r\ny\r\n",
        b"HTTP/1.1 400 Bad Request\r\n",
        b"$x\r\n",
        b"\x16\x03\x01\r\n",
    ],
)
def test_nothing_that_came_with_a_surplus_reply_is_believed(stray: bytes) -> None:
    """Any of them may have been the one too many: `stray, a, b` looks like `a, b, stray`."""
    exchange: Exchange[str] = Exchange()
    exchange.ask(Asked(1, 10, "first"), 0.0)
    exchange.ask(Asked(2, 10, "second"), 0.0)
    with pytest.raises(Broken) as raised:
        exchange.feed(b"+a\r\n+b\r\n+c\r\n" + stray, 1.0)
    assert isinstance(raised.value, UNREACHABLE)
    assert [(asked.waiter, asked.replies) for asked in exchange.end()] == [
        ("first", []),
        ("second", []),
    ]


def test_a_push_in_the_middle_is_no_reply() -> None:
    exchange: Exchange[str] = Exchange()
    exchange.ask(Asked(2, 10, "who"), 0.0)
    with pytest.raises(Broken):
        exchange.feed(b"+a\r\n>1\r\n+x\r\n+b\r\n", 1.0)


def test_what_waits_for_replies_is_bounded() -> None:
    exchange: Exchange[None] = Exchange()

    def room() -> tuple[bool, int]:
        return exchange.is_full, exchange.places

    for number in range(COMMANDS):
        assert room() == (False, COMMANDS - number)
        exchange.ask(Asked(1, 10, None), 0.0)
    assert room() == (True, 0)
    assert len(exchange.feed(b"+a\r\n" * 3, 0.0)) == 3
    assert room() == (False, 3)
    exchange.ask(Asked(1, BYTES, None), 0.0)
    assert room() == (True, 0)
    exchange.feed(b"+a\r\n" * (COMMANDS - 2), 0.0)
    assert exchange.is_idle
    assert room() == (False, COMMANDS)


def test_a_server_owes_something_since_it_was_asked_or_said_something() -> None:
    exchange: Exchange[None] = Exchange()
    exchange.ask(Asked(1, 10, None), 5.0)
    exchange.ask(Asked(1, 10, None), 6.0)
    assert exchange.heard == 5.0
    exchange.feed(b"+a\r", 7.0)  # a part of a large reply is a sign of life
    assert exchange.heard == 7.0
    exchange.feed(b"\n+b\r\n", 8.0)
    exchange.ask(Asked(1, 10, None), 20.0)
    assert exchange.heard == 20.0
