"""What all groups of Redis servers have in common; `tests.chaos.topologies` has the groups."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from padfleet.shared.lifetime import Lifetime
from tests.chaos.server import Server
from tests.eventually import eventually_sync

# A sentinel that was not scheduled for two seconds distrusts its clock and decides nothing for
# thirty ("TILT"), which happens on a busy machine.
PROMOTION_S: Final = 60.0
JOIN_S: Final = 30.0

_DATA: Final = (
    "appendonly yes",
    "appendfsync everysec",
    'save ""',
    "maxmemory-policy noeviction",
    "enable-debug-command local",
    # A first copy is sent at once; by default the server waits 5 s for more replicas to come.
    "repl-diskless-sync-delay 0",
)


@dataclass(frozen=True)
class Promotion:
    """Who took over from whom. `at` is a time.monotonic(); `seconds` are from the fault to it."""

    old: Server
    new: Server
    seconds: float
    at: float


class Group(Lifetime):
    """Servers that a fleet uses as one Redis."""

    def __init__(self, folder: Path, extra: Sequence[str] = ()) -> None:
        """`extra` are lines of configuration for each data server, such as `maxmemory 64mb`."""
        self._folder = folder
        self._extra = tuple(extra)
        self.program: Path | None = None  #: None: whatever server there is
        self.servers: list[Server] = []  #: those with data, primaries or replicas

    @property
    @abstractmethod
    def url(self) -> str:
        """The address in the form of `PADFLEET_REDIS_URL`."""

    @abstractmethod
    def primaries(self) -> list[Server]:
        """Those that the group, and not only they themselves, takes for primaries."""

    @abstractmethod
    def replicas_of(self, primary: Server) -> list[Server]:
        """Those that run and follow it, or followed it last if it is gone."""

    @abstractmethod
    def _start(self) -> None: ...

    def primary_for(self, key: str) -> Server:
        """The server that holds `key`."""
        (primary,) = self.primaries()
        return primary

    def key_on(self, primary: Server, prefix: str = "chaos") -> str:
        """A key that `primary` holds."""
        keys = (f"{prefix}:{number}" for number in range(1000))
        return next(key for key in keys if self.primary_for(key) is primary)

    def cut_replication(self, primary: Server | None = None) -> None:
        """What `primary` is told from now on reaches no replica; what it was told before, all.

        They are given a wrong name to log in with, and then cut off. Freezing them would not do:
        what was sent to a frozen one waits in the kernel, and it reads that when it goes on. Nor
        would a proxy between them: Sentinel and Cluster know by which address a replica has to
        follow, and put that right.
        """
        primary = primary or self.primaries()[0]
        replicas = self.replicas_of(primary)
        if not replicas:
            raise AssertionError(f"{primary} knows of no replicas, so none would be cut off")
        client = primary.client()
        # WAIT is for what this connection has written, so it has to write something.
        key = self.key_on(primary, "chaos-cut")
        client.set(key, 1)
        client.delete(key)
        if client.wait(len(replicas), 5000) < len(replicas):
            raise AssertionError(f"the replicas of {primary} do not keep up")
        for replica in replicas:
            replica.client().config_set("masteruser", "nobody")
            replica.client().config_set("masterauth", "nothing")
        client.execute_command("CLIENT", "KILL", "TYPE", "replica")
        eventually_sync(
            lambda: not any(replica.follows(primary) for replica in replicas),
            f"{replicas} are cut off",
        )

    def mend_replication(self) -> None:
        """Lets replicas log in again. `fail_over` does so by itself once the primary is gone."""
        for server in self.servers:
            if server.running and not server.frozen:
                server.client().config_set("masteruser", "")
                server.client().config_set("masterauth", "")

    def fail_over(
        self, primary: Server | None = None, *, by: Literal["kill", "freeze"] = "kill"
    ) -> Promotion:
        """Kills or freezes a primary, the first unless given, and waits until a replica took over.

        It returns when all that is left of the group agrees on it.
        """
        primary = primary or self.primaries()[0]
        replicas = self.replicas_of(primary)
        started = time.monotonic()
        if by == "kill":
            primary.kill()
        else:
            primary.freeze()
        self.mend_replication()
        new = eventually_sync(
            lambda: next((replica for replica in replicas if replica.role() == "master"), None),
            f"a replica of {primary} is promoted",
            timeout=PROMOTION_S,
        )
        assert new is not None
        at = time.monotonic()
        eventually_sync(lambda: self._agreed(primary, new), f"all agree on {new}", timeout=JOIN_S)
        return Promotion(primary, new, at - started, at)

    def old_primary_returns(self, promotion: Promotion) -> None:
        """Starts or thaws it, still a primary as it was, and waits until it is made a replica."""
        if promotion.old.frozen:
            promotion.old.thaw()
        else:
            promotion.old.start()
        eventually_sync(
            # Whose replica is the group's business: on a busy machine it may have failed over
            # once more.
            lambda: any(promotion.old.follows(primary) for primary in self.primaries()),
            f"{promotion.old} is a replica",
            timeout=PROMOTION_S,
        )

    def _agreed(self, old: Server, new: Server) -> bool:
        primaries = self.primaries()
        return new in primaries and old not in primaries

    def start(self) -> None:
        """Returns when the group is whole. Nothing is left running if that cannot be."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Kills all of it: its data is of no use to anybody."""
        for server in self.servers:
            server.stop()

    def _add(self, name: str, port: int, *settings: str) -> Server:
        settings = (*_DATA, *self._extra, *settings)
        server = Server(self._folder / name, port, settings, program=self.program)
        self.servers.append(server)
        return server
