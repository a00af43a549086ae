"""Compares what programs report about themselves with who is served (I10)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from padfleet.services.fanout.ops.canary import LIMIT
from padfleet.services.writer.ops.readiness import WAIT_LIMIT
from padfleet.shared.health import Health
from tests.chaos.history import Typists
from tests.chaos.history.connection import Connection
from tests.world.guards.partitions import Partitions
from tests.world.host import Host, here
from tests.world.network import WorldTransport

INTERVAL: Final = 1.0
"""How many seconds pass between two questions to a program."""

LIE: Final = 5.0
"""How many seconds a program may report something that is not true."""

PROMPT: Final = 2.0
"""How many seconds an answer may take for a person who is served. They include an answer that got
lost and was asked for again after one second."""


@dataclass
class _Word:
    """What one program reports."""

    health: Health
    ready_since: float | None = None
    unready_since: float | None = None
    why: str = ""


@dataclass
class _Wait:
    """How one person waits for an answer."""

    draft: object = None
    since: float = 0.0
    worker: str = ""


@dataclass
class _Service:
    """How people on one worker are served."""

    answered_at: float = 0.0  #: when somebody last was
    late_at: float = 0.0  #: when somebody last had waited for too long
    waits: list[_Wait] = field(default_factory=list)


class ReadinessGuard:
    """The guard of one process: it learns of each `Health` that is made."""

    def __init__(
        self,
        found: Callable[[str], None],
        partitions: Partitions,
        answers_at: Callable[[Host], bool],
    ) -> None:
        """Takes what is told of findings, what is known of the partitions, and what says whether
        anybody listens on a host."""
        self._found = found
        self._answers_at = answers_at
        self._partitions = partitions
        self._words: dict[Host, _Word] = {}
        self._waits: dict[str, _Wait] = {}
        self._services: dict[str, _Service] = {}
        self.quiet_since: float | None = None
        """Since when all have to be ready; None: something may be broken."""
        self.stands_still: Callable[[str], bool] = lambda _pad: False
        """Returns whether nobody can write on a pad, whoever serves it: then nobody's wait for an
        answer counts."""
        self.questions = 0
        made = Health.__init__

        def make(health: Health, *args: Any, **options: Any) -> None:
            made(health, *args, **options)
            if (host := here()) is not None:
                self._words[host] = _Word(health)

        Health.__init__ = make  # type: ignore[method-assign,assignment]

    def hosts(self) -> list[Host]:
        """Returns the hosts whose programs can be asked. One that is starting does not answer yet,
        and is not ready whatever its checks would say."""
        for host in [host for host in self._words if not host.alive]:
            del self._words[host]
        return [host for host in self._words if host.runs and self._answers_at(host)]

    def all_ready(self, hosts: Iterable[Host | None]) -> bool:
        """Returns whether all these programs have last said that they are ready."""

        def is_ready(host: Host | None) -> bool:
            word = self._words.get(host) if host is not None and host.runs else None
            return word is not None and word.ready_since is not None

        return all(map(is_ready, hosts))

    async def ask(self, host: Host, now: Callable[[], float]) -> None:
        """Asks a program; it has to run on the program's host, like a request over HTTP."""
        word = self._words[host]
        self.questions += 1
        report = await word.health.readiness()
        if report.ok:
            word.ready_since = word.ready_since or now()
            word.unready_since = None
            return
        word.ready_since = None
        word.unready_since = word.unready_since or now()
        word.why = "; ".join(f"{name}: {why}" for name, why in report.failing.items())

    def look(self, now: float, typists: Typists) -> None:
        """Checks who waits for what, and whether that agrees with what the programs report."""
        self._look_at_people(now, typists)
        for host, word in self._words.items():
            if not host.runs:
                # A frozen program reports nothing.
                word.ready_since = word.unready_since = None
                continue
            if not host.name.startswith("writer"):
                self._judge_worker(now, host.name, word)
            if not host.name.startswith("worker"):
                self._judge_writer(now, host.name, word)

    # --- Workers ---------------------------------------------------------------------------------

    def _look_at_people(self, now: float, typists: Typists) -> None:
        for service in self._services.values():
            service.waits.clear()
        for typist in typists.typists:
            wait = self._waits.setdefault(typist.name, _Wait())
            draft, worker = typist._in_flight, _worker_of(typists, typist.name)
            answered = wait.draft is not None and draft is not wait.draft and typist.connected
            if answered and worker == wait.worker:
                self._service(worker).answered_at = now
            is_away = not typist.connected or not worker or typist.gave_up
            if draft is None or is_away or self.stands_still(typist.recording.pad):
                wait.draft = None
                continue
            if draft is not wait.draft or worker != wait.worker:
                wait.draft, wait.since, wait.worker = draft, now, worker
            service = self._service(worker)
            service.waits.append(wait)
            if now - wait.since > PROMPT:
                service.late_at = now

    def _service(self, worker: str) -> _Service:
        return self._services.setdefault(worker, _Service())

    def _judge_worker(self, now: float, name: str, word: _Word) -> None:
        service = self._service(name)
        longest = max((now - wait.since for wait in service.waits), default=0.0)
        silent = min(longest, now - service.answered_at)
        if word.ready_since is not None and now - word.ready_since > LIE and silent > LIMIT + LIE:
            self._found(
                f"I10 {name} says that it is ready, and nobody has had an answer for {silent:.1f} s"
            )
        if word.unready_since is None or now - word.unready_since <= LIE:
            return
        if self.quiet_since is not None and now - self.quiet_since > LIE:
            self._found(f"I10 {name} is not ready long after all was mended: {word.why}")
        since = word.unready_since
        served = service.answered_at > now - PROMPT and service.late_at < since
        if served and now - since > LIMIT + LIE and "draining" not in word.why:
            self._found(
                f"I10 {name} has said for {now - since:.1f} s that it is not ready, and serves "
                f"everybody: {word.why}"
            )

    # --- Writers ---------------------------------------------------------------------------------

    def _judge_writer(self, now: float, name: str, word: _Word) -> None:
        waits = self._partitions.waiting_for(name)
        says_so = word.ready_since is not None and now - word.ready_since > LIE
        if says_so and waits > WAIT_LIMIT + LIE:
            self._found(f"I10 {name} says that it is ready, and an entry waits for {waits:.1f} s")
        if word.unready_since is None or now - word.unready_since <= LIE:
            return
        if self.quiet_since is not None and now - self.quiet_since > LIE:
            self._found(f"I10 {name} is not ready long after all was mended: {word.why}")


def _worker_of(typists: Typists, name: str) -> str:
    """Returns the host that somebody is connected to, if bytes can go both ways, and otherwise
    ""."""
    line = typists._lines.get(name)
    if not isinstance(line, Connection) or not isinstance(line._transport, WorldTransport):
        return ""
    end = line._transport._end
    network = end.network
    there = end.peer.host
    open_ = network.reaches(end.host, there) and network.reaches(there, end.host)
    return there.name if open_ and end.broken is None and end.host.runs else ""
