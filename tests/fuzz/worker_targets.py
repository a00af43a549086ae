"""Targets in a worker: whatever comes in, its sender is answered or let go, and nothing is left."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from padfleet.shared.wire.jsontext import dumps
from tests.fuzz import corpus, messages
from tests.fuzz.target import Target
from tests.fuzz.worker import Worker

READY = f"42{dumps(['message', corpus.MESSAGES[0]])}"


class _Workers:
    """One worker for each process, made when it is first needed. After a failure there is a new
    one, with nothing left of the failure."""

    def __init__(self) -> None:
        self._worker: Worker | None = None

    def run(self, serve: Callable[[Worker, list[bytes]], int], case: list[bytes]) -> int:
        worker, self._worker = self._worker or Worker(), None
        try:
            size = serve(worker, case)
        except BaseException:
            worker.close()
            raise
        self._worker = worker
        return size


_workers = _Workers()


def _opening(source: Random) -> list[str]:
    return source.choice([["40", READY], ["40", READY], ["40", READY], ["40"], []])


def _websocket_case(source: Random) -> list[bytes]:
    packets = [messages.packet(source) for _ in range(source.choice([1, 1, 2, 4]))]
    opening = [messages.frame(source, text.encode()) for text in _opening(source)]
    return opening + messages.chunks(source, messages.frames(source, packets))


def _polling_case(source: Random) -> list[bytes]:
    bodies = [messages.payload(source) for _ in range(source.choice([1, 1, 2]))]
    return [text.encode() for text in _opening(source)] + bodies


TARGETS = [
    Target(
        "over-websocket", _websocket_case, lambda c: _workers.run(Worker.websocket, c), (), 200_000
    ),
    Target("over-polling", _polling_case, lambda c: _workers.run(Worker.polling, c), (), 100_000),
]
