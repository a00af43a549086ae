"""Tests what fuzzing has found, each fault with the shortest case that shows it."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Iterator
from io import BytesIO
from typing import Any, cast

import pytest
from aiohttp.http_exceptions import BadHttpMessage

from padfleet.services.fanout.transport.intake import MOST, Intake
from padfleet.services.writer.pads.pad import WriterPad
from padfleet.shared import logs
from padfleet.shared.archive.frames import BadArchive, FrameWriter
from padfleet.shared.archive.reading import read_archive
from padfleet.shared.log.entries import Submission
from padfleet.shared.log.records import Origin
from padfleet.shared.wire.jsontext import dumps
from tests.fuzz import corpus
from tests.fuzz.worker import Worker

READY = f"42{dumps(['message', corpus.MESSAGES[0]])}"


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker()
    yield made
    made.close()


def after_joining(worker: Worker, *packets: str, polling: bool = False) -> None:
    connection = worker.open(polling=polling)
    for packet in ("40", READY, *packets):
        worker.say(connection, packet)
    worker.all_gone()


@pytest.mark.parametrize("polling", [False, True], ids=["websocket", "polling"])
@pytest.mark.parametrize("depth", [65, 300, 900, 960, 970, 980, 990, 1000, 5000])
@pytest.mark.parametrize("start", ["4", '42["message",', "42", "43", "430", "40"])
def test_depth_is_refused_before_anybody_walks_it(
    worker: Worker, start: str, depth: int, polling: bool
) -> None:
    """JSON that our reader had just let through ran the library out of stack: the task that reads
    the socket's packets died unseen, and the socket stood still."""
    deep = "[" * depth + "]" * depth + ("]" if '"' in start else "")
    after_joining(worker, start + deep, start + deep.replace("[", '{"a":').replace("]", "}"))


@pytest.mark.parametrize("polling", [False, True], ids=["websocket", "polling"])
@pytest.mark.parametrize(
    "packet",
    [
        '42["connect"]',
        '42["connect",{"aiohttp.request":"x"},{}]',
        '42["connect",1,2,3]',
        '42["disconnect"]',
        '42["disconnect",1,2,3,4]',
        '42[{"a":1}]',
        "42[[]]",
        "42[null]",
        '42{"0":"message"}',
    ],
)
def test_an_event_named_like_a_handler_is_not_handled(
    worker: Worker, packet: str, polling: bool
) -> None:
    """The library ran the handlers of connections for such events, or failed in a task of its
    own."""
    after_joining(worker, packet, polling=polling)


def test_an_event_named_disconnect_does_not_take_its_sender_off_the_pad(worker: Worker) -> None:
    connection = worker.open(polling=False)
    for packet in ("40", READY, '42["disconnect"]'):
        worker.say(connection, packet)
    assert worker.sessions == 1
    worker.all_gone()


@pytest.mark.parametrize("polling", [False, True], ids=["websocket", "polling"])
def test_who_leaves_a_namespace_that_it_is_not_in_has_not_left_ours(
    worker: Worker, polling: bool
) -> None:
    """The socket counted as gone, and so its session stayed on the pad forever."""
    after_joining(worker, "41/other,", polling=polling)


def test_a_client_that_leaves_before_it_is_answered_leaves_nothing(worker: Worker) -> None:
    """An unknown packet right behind the first one ends the connection; the first one is read after
    that."""
    connection = worker.open(polling=False)
    worker.write(connection, b"".join(worker.frame(text) for text in ("2", "40", "9")))
    worker.all_gone()


def test_an_acknowledgement_that_nobody_waits_for_any_more_is_no_fault(worker: Worker) -> None:
    connection = worker.open(polling=False)
    texts = ("40", READY, f"427{dumps(['message', {}])}", "9")
    worker.write(connection, b"".join(worker.frame(text) for text in texts))
    worker.all_gone()


@pytest.mark.parametrize("kind", ["51-", "59999999999-", "61-", "69999999999-7"])
def test_nothing_is_kept_for_attachments_that_may_never_come(worker: Worker, kind: str) -> None:
    """The library kept everything that came after, a packet of any size for each announced
    attachment."""
    connection = worker.open(polling=True)
    for packet in ("40", f'4{kind}["message",{{"_placeholder":true,"num":3}}]'):
        worker.say(connection, packet)
    assert worker.unfinished == 0
    worker.say(connection, f"b{base64.b64encode(b'x' * 100).decode()}")
    worker.all_gone()


@pytest.mark.parametrize("body", ["1\x1e6", "1\x1e5", f"1\x1e{READY}\x1e6"])
def test_packets_after_a_close_in_the_same_request_are_ignored(worker: Worker, body: str) -> None:
    """The library failed on an answer that it had not made."""
    connection = worker.open(polling=True)
    worker.say(connection, "40")
    worker.say(connection, body)
    worker.all_gone()


LONG = "x" * 20_000


@pytest.mark.parametrize(
    "message",
    [
        {"component": LONG},
        {"component": "pad", "type": LONG},
        {"component": "pad", "type": "COLLABROOM", "data": {"type": LONG}},
        {"component": LONG, "type": LONG},
    ],
)
def test_a_clients_own_words_are_repeated_in_part_only(worker: Worker, message: Any) -> None:
    """If they were repeated whole, each message would be a log line as long as itself, and an
    answer."""
    connection = worker.open(polling=False)
    for packet in ("40", READY):
        worker.say(connection, packet)
    before = connection.transport.written
    worker.say(connection, f"427{dumps(['message', message])}")
    assert connection.transport.written - before < 500
    worker.all_gone()


def test_a_request_that_is_no_HTTP_is_one_line_in_the_log() -> None:
    """Such a request was logged as an error with a traceback, as often as anybody liked to send
    it."""
    logs.configure("info", "json", "test")
    (found,) = logging.getLogger("aiohttp.server").filters
    record = logging.makeLogRecord(
        {"levelno": logging.ERROR, "exc_info": (BadHttpMessage, BadHttpMessage("x" * 9000), None)}
    )
    assert cast(logging.Filter, found).filter(record)
    assert (record.levelname, record.exc_info) == ("INFO", None)
    assert len(record.__dict__["error"]) <= 200
    ours = logging.makeLogRecord(
        {"levelno": logging.ERROR, "exc_info": (KeyError, KeyError(), None)}
    )
    assert cast(logging.Filter, found).filter(ours)
    assert ours.levelno == logging.ERROR
    assert ours.exc_info is not None


def test_what_changes_nothing_leaves_nothing_in_the_pool() -> None:
    """An edit that takes away what is not there is accepted, and makes no revision. Its attributes
    stayed in the writer's pool, as many as anybody liked to send, and in no other."""
    pad = WriterPad()
    pad.create("hello\n", corpus.AUTHOR, 1000)
    size = len(pad.pool)
    for number in range(1, 20):
        pool = {"numToAttrib": {"0": [f"made-up-{number}", ""]}, "nextNum": 1}
        submission = Submission("p", Origin("s", number), 1, 0, "a.x", 0, "Z:7>0*0=1$", pool)
        outcome = pad.submit(submission, 1000).outcome
        assert outcome is not None
        assert outcome.kind == "accepted"
    assert len(pad.pool) == size


@pytest.mark.parametrize("changeset", ["Z:7>1*0+1$x", "Z:7<1*0-1$", "Z:7>0*0=1$"])
def test_a_refusal_does_not_repeat_a_megabyte_of_author(changeset: str) -> None:
    """The refusal is published to all workers of the pad, and logged."""
    pad = WriterPad()
    pad.create("hello\n", corpus.AUTHOR, 1000)
    pool = {"numToAttrib": {"0": ["author", "x" * 1_000_000]}, "nextNum": 1}
    outcome = pad.submit(
        Submission("p", Origin("s", 1), 1, 0, "a.x", 0, changeset, pool), 1000
    ).outcome
    assert outcome is not None
    assert outcome.kind == "refused"
    assert len(outcome.detail) < 300


def sealed(*values: object) -> BytesIO:
    file = BytesIO()
    writer = FrameWriter(file)
    for value in values:
        writer.write(value)
    file.seek(0)
    return file


def test_an_archives_errors_are_short_whatever_is_in_it() -> None:
    head = ["pad", "x" * 10_000, 0, 0, b"", 0, "a.x", None]
    for values in ([head, head], [["end", "x" * 10_000]], [[*head[:3], "x" * 10_000, *head[4:]]]):
        with pytest.raises(BadArchive) as caught:
            list(read_archive(sealed(*values)))
        assert len(str(caught.value)) < 300


@pytest.mark.parametrize("polling", [False, True], ids=["websocket", "polling"])
def test_a_socket_that_sends_more_than_is_processed_has_to_wait(polling: bool) -> None:
    """Each message became a task at once, however many there were already."""
    worker = Worker()
    ready = [READY] * 250
    connection = worker.open(polling=polling)
    worker.say(connection, "40")
    if polling:
        worker.say(connection, "\x1e".join(ready))
    else:
        worker.write(connection, b"".join(worker.frame(text) for text in ready))
    assert worker.most_at_once <= MOST + 10
    worker.all_gone()
    worker.close()


async def test_there_is_room_again_once_half_has_been_done() -> None:
    intake, gate = Intake(), asyncio.Event()
    tasks = [asyncio.create_task(gate.wait()) for _ in range(MOST)]
    for task in tasks:
        assert not intake.full
        intake.begins(task)
    assert intake.full
    waiting = asyncio.create_task(intake.room())
    tasks[0].cancel()
    await asyncio.wait(tasks[:1])
    await asyncio.sleep(0)
    assert not waiting.done()
    gate.set()
    await asyncio.wait_for(waiting, 10)
    assert not intake.full
