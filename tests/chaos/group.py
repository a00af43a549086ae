"""Defines what all groups of Redis servers have in common; `tests.chaos.topologies` has the
groups."""

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
    """A change of primaries. `at` is a time.monotonic(); `seconds` is how long it took since the
    fault."""

    old: Server
    new: Server
    seconds: float
    at: float


class Group(Lifetime):
    """Servers that a fleet uses as one Redis."""

    def __init__(self, folder: Path, extra: Sequence[str] = ()) -> None:
        """Takes the folder; `extra` are lines of configuration for each data server, such as
        `maxmemory 64mb`."""
        self._folder = folder
        self._extra = tuple(extra)
        self.program: Path | None = None  #: the server to run; None means any that is found
        self.servers: list[Server] = []  #: those with data, primaries or replicas

    @property
    @abstractmethod
    def url(self) -> str:
        """Returns the address in the form of `PADFLEET_REDIS_URL`."""

    @abstractmethod
    def primaries(self) -> list[Server]:
        """Returns the servers that the group, and not only they themselves, take for primaries."""

    @abstractmethod
    def replicas_of(self, primary: Server) -> list[Server]:
        """Returns the servers that run and follow it, or that followed it last if it is gone."""

    @abstractmethod
    def _start(self) -> None: ...

    def primary_for(self, key: str) -> Server:
        """Returns the server that holds `key`."""
        (primary,) = self.primaries()
        return primary

    def key_on(self, primary: Server, prefix: str = "chaos") -> str:
        """Returns a key that `primary` holds."""
        keys = (f"{prefix}:{number}" for number in range(1000))
        return next(key for key in keys if self.primary_for(key) is primary)

    def cut_replication(self, primary: Server | None = None) -> None:
        """Cuts off the replicas: nothing that `primary` is told from now on reaches them, and
        everything from before has.

        They are given a wrong name to log in with, and then disconnected. Freezing them would not
        do: data for a frozen replica waits in the kernel, and the replica reads it when it goes on.
        A proxy between them would not do either: Sentinel and Cluster know the address by which a
        replica has to follow, and correct it.
        """
        primary = primary or self.primaries()[0]
        replicas = self.replicas_of(primary)
        if not replicas:
            raise AssertionError(f"{primary} knows of no replicas, so none would be cut off")
        client = primary.client()
        # WAIT covers only what this connection has written, so it has to write something.
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
        """Kills or freezes a primary, by default the first, and waits until a replica has taken
        over.

        It returns when all remaining servers of the group agree on it.
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
        """Starts or thaws the old primary, which still takes itself for one, and waits until it is
        made a replica."""
        if promotion.old.frozen:
            promotion.old.thaw()
        else:
            promotion.old.start()
        eventually_sync(
            # The group decides whose replica it becomes: on a busy machine it may have failed over
            # once more.
            lambda: any(promotion.old.follows(primary) for primary in self.primaries()),
            f"{promotion.old} is a replica",
            timeout=PROMOTION_S,
        )

    def _agreed(self, old: Server, new: Server) -> bool:
        primaries = self.primaries()
        return new in primaries and old not in primaries

    def start(self) -> None:
        """Returns when the group is complete. If that fails, nothing is left running."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Kills all servers, whose data nobody needs any more."""
        for server in self.servers:
            server.stop()

    def _add(self, name: str, port: int, *settings: str) -> Server:
        settings = (*_DATA, *self._extra, *settings)
        server = Server(self._folder / name, port, settings, program=self.program)
        self.servers.append(server)
        return server
