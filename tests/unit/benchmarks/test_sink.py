"""Tests that the sink accepts everything and detects what is wrong with it. The other end is the
server in C."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.benchmarks.native import NoCompiler, compiler
from tests.benchmarks.rivals import CServer
from tests.benchmarks.rounds import Script, Side, measure
from tests.benchmarks.sink import Counts, Sink, SinkStuck
from tests.eventually import eventually_sync

SOCKETS = 3


@pytest.fixture
def server() -> Iterator[CServer]:
    try:
        compiler()
    except NoCompiler as error:
        pytest.skip(str(error))
    with CServer() as running:
        yield running


@pytest.fixture
def sink(server: CServer) -> Iterator[Sink]:
    with Sink(server.port) as running:
        running.open(SOCKETS).check()
        yield running


def message(*revs: int, **more: Any) -> dict[str, Any]:
    changes = [{"type": "NEW_CHANGES", "newRev": rev, **more} for rev in revs]
    data = changes[0] if len(revs) == 1 else {"type": "NEW_CHANGES_BATCH", "changes": changes}
    return {"type": "COLLABROOM", "data": data}


def test_revisions_are_counted_for_each_socket(server: CServer, sink: Sink) -> None:
    server.broadcast(message(1))
    server.broadcast(message(2, 3, 4))
    counts = sink.wait_rev(4)
    counts.check()
    assert counts.live == SOCKETS
    assert (counts.changes, counts.revisions) == (2 * SOCKETS, 4 * SOCKETS)


def test_a_message_of_any_length_is_taken(server: CServer, sink: Sink) -> None:
    lengths = [0, 40, 200, 70_000, 600_000, 1]
    for rev, length in enumerate(lengths, 1):
        server.broadcast(message(rev, changeset="x" * length))
    counts = sink.wait_rev(len(lengths))
    counts.check()
    assert counts.revisions == len(lengths) * SOCKETS
    assert counts.change_bytes > sum(lengths) * SOCKETS


@pytest.mark.parametrize("second", [1, 3], ids=["doubled", "left-out"])
def test_a_revision_out_of_order_is_seen(server: CServer, sink: Sink, second: int) -> None:
    for rev in (1, second, second + 1):
        server.broadcast(message(rev))
    counts = sink.wait_rev(second + 1)
    assert counts.gaps == SOCKETS
    with pytest.raises(AssertionError, match="left out or doubled"):
        counts.check()


def test_an_acknowledgement_is_given_where_it_is_asked_for(server: CServer, sink: Sink) -> None:
    server.packet('4217["message",{"newRev":1}]')
    assert sink.wait_rev(1).acks == SOCKETS


def test_a_refusal_is_noticed(server: CServer, sink: Sink) -> None:
    server.broadcast({"disconnect": "userdup"})
    server.broadcast(message(1))
    with pytest.raises(AssertionError, match="turned away"):
        sink.wait_rev(1).check()


def test_a_server_that_goes_is_seen(server: CServer, sink: Sink) -> None:
    server.close()
    with pytest.raises(AssertionError, match="sockets are gone"):
        _until_closed(sink).check()


def test_a_dropped_client_comes_back_with_what_it_had(server: CServer, sink: Sink) -> None:
    server.broadcast(message(1))
    sink.wait_rev(1).check()
    assert sink.drop().live == 0
    assert sink.reopen(1, at_once=SOCKETS).live == SOCKETS
    server.broadcast(message(2))
    sink.wait_rev(2).check()


def test_a_stalled_sink_takes_nothing_until_it_resumes(server: CServer, sink: Sink) -> None:
    with Sink(server.port) as other:
        other.open(1).check()
        sink.stall()
        server.broadcast(message(1))
        other.wait_rev(1).check()  # so it has been sent to all
        assert sink.report().revisions == 0
        sink.resume()
        sink.wait_rev(1).check()


def test_an_order_that_cannot_be_carried_out_in_time_says_how_far_it_came(sink: Sink) -> None:
    with pytest.raises(SinkStuck, match=f"behind={SOCKETS}"):
        sink.wait_rev(1, timeout=0.01)


def test_rounds_count_what_every_socket_got(server: CServer, sink: Sink) -> None:
    script = Script({"type": "NEW_CHANGES"}, server.broadcast)
    sample = measure(Side("C", [server.pid], [sink], script.send), 5, cpu=0)
    assert sample.revisions == sample.rounds * 5 * SOCKETS
    assert sample.batch == 5


def test_rounds_notice_a_server_that_sends_less_than_it_says(server: CServer, sink: Sink) -> None:
    script = Script({"type": "NEW_CHANGES"}, server.broadcast)

    def skips(revisions: int) -> int:
        script.rev[0] += 1
        return script.send(revisions)

    with pytest.raises(AssertionError):
        measure(Side("C", [server.pid], [sink], skips), 1, cpu=0)


def _until_closed(sink: Sink) -> Counts:
    """Waits until the sink has noticed that the server has closed its end. Returns the final
    counts."""
    eventually_sync(lambda: sink.report().live == 0, "the sink has noticed")
    return sink.report()


def test_compression_is_offered_and_declined(server: CServer) -> None:
    """The C server declines it. That what is agreed on is read, the benchmark `wire` shows."""
    with Sink(server.port, deflate=True) as sink:
        sink.open(SOCKETS).check()
        server.broadcast(message(1))
        assert sink.wait_rev(1).revisions == SOCKETS
