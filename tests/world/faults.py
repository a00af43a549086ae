"""Decides what breaks, when and for how long, all of it from the seed."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from padfleet.shared.log.fleet.agreement import NewerFormat
from padfleet.shared.log.keys import CONFIG
from padfleet.shared.supervision.keeper import run_work
from tests.chaos.history import Rollback
from tests.world.cold import NAME as COLD
from tests.world.fleet import Fleet
from tests.world.host import Host
from tests.world.network import WorldTransport
from tests.world.redis.cluster import slot_of
from tests.world.redis.server import Server
from tests.world.redis.store import CommandError
from tests.world.servers import Place
from tests.world.world import World

OF_NO_PROGRAM: Final = ("redis", "replica", "people", "slot", "fleet", "cold store")
"""The beginnings of the kinds of faults that do not strike a program."""

ONLY_CHOSEN: Final = (
    "commit is late",
    "people do not read",
    "redis loses entries",
    "redis loses writes unheard",
)
"""The kinds of faults that strike only where they are named: several of the others at once, as
chance seldom brings about, or something that has to come together with much typing."""

LEASE: Final = 3.0
"""How many seconds the lease of a partition lasts."""

LITTLE: Final = 2048
"""How many bytes fit into the buffers of somebody who does not read."""

UNREAD: Final = 1.0
"""How many seconds entries wait unread before a server loses them: what it can lose is younger."""

UNHEARD: Final = 2.5
"""For how many seconds a worker does not hear that writes have been lost: until others have written
more than that."""

NEWER: Final = b"1000"
"""A format that no release of ours knows."""

_CONFIG: Final = CONFIG.encode()

LOST: Final = "pad lost in Redis, and brought back from the cold store"

OF_LOSSES: Final = (
    LOST,
    "told to reload",  # whoever comes late with a revision that nobody has any more
    "revisions in the cold store are missing in Redis",
    "history unavailable",  # the timeslider, in what was taken back while it read
)
"""Messages that are to be expected after history was taken back, however late."""

KEPT: Final = run_work.__qualname__
"""The coroutine of the tasks that a supervisor keeps alive."""

OF_DEATHS: Final = ("task failed, and is restarted", "task failed, and the process ends")
"""What supervisors log, and has to be expected after a task was made to die."""

HURT: Final = "hurt"
"""The pad whose keys are damaged. Nobody is served well there; all other pads have to be."""


@dataclass(frozen=True)
class Fault:
    """One fault that the seed names."""

    number: int
    at: float  #: seconds from the beginning of the storm
    kind: str
    target: str
    seconds: float  #: how long it lasts
    chance: float  #: how strong it is, from 0 to 1

    def __str__(self) -> str:
        target = f" {self.target}" if self.target else ""
        return f"{self.number}. {self.kind}{target} for {self.seconds:.2f} s ({self.chance:.2f})"


class Storm:
    """All faults of one run. `rollbacks` lists for each pad the revisions that it was cut back
    to."""

    def __init__(
        self,
        world: World,
        fleet: Fleet,
        pads: list[str],
        seconds: float,
        chosen: Sequence[str] = (),
        *,
        brief: bool = False,
    ) -> None:
        """Takes what the faults strike.

        Arguments:
            chosen: the kinds of faults to choose from; if there are none, the seed chooses.
            brief: whether no fault lasts for more than some five seconds.

        Raises ValueError for an unknown kind.
        """
        self.rollbacks: dict[str, list[Rollback]] = defaultdict(list)
        self.damaged = False  #: keys of the pad `HURT`
        self.damages: Callable[[bytes], None] = lambda _: None
        """Called with the beginning of the keys of a pad that is about to be damaged."""
        self.tasks_of: Callable[[Host], list[asyncio.Task[Any]]] = lambda _: []
        """Returns the tasks of a host that have not ended, in the order in which they began."""
        self._failing_over = False
        self._killed_a_task = False
        self._restarted = False  #: a server, with or without its last writes
        self._was_full = False  #: the cold store
        self._was_newer = False  #: the format of what is stored
        self._until = 0.0  #: when it ends
        self.losses = 0  #: how often history may have been taken back
        self.split = False  #: two servers take themselves for the primary: one's writes are lost
        self.struck: list[str] = []
        self._world = world
        self._fleet = fleet
        self._servers = fleet.servers
        self._pads = pads
        self._seconds = seconds
        self._dice: random.Random = world.dice("faults")
        self._kinds: dict[str, Callable[[Fault], None]] = {
            "kill": self._kill,
            "power off": self._power_off,
            "terminate": self._terminate,
            "task dies": self._task_dies,
            "freeze": self._freeze,
            "cut off from redis": self._cut_off,
            "deaf to redis": self._deaf,
            "cut off from people": self._cut_off_people,
            "slow link to redis": self._slow_link,
            "connections reset": self._reset,
            "clock jumps": self._clock,
            "redis freezes": self._redis_freezes,
            "redis restarts": self._redis_restarts,
            "redis loses its last writes": self._redis_loses,
            "redis is slow": self._redis_slow,
            "redis is out of memory": self._redis_full,
            "redis refuses writes": self._redis_refuses,
            "redis cuts before": self._redis_cuts_before,
            "redis cuts after": self._redis_cuts_after,
            "redis is wiped": self._redis_wiped,
            "redis ends subscriptions": self._redis_ends_subscriptions,
            "redis clock jumps ahead": lambda fault: self._redis_clock(fault, 1),
            "redis clock jumps back": lambda fault: self._redis_clock(fault, -1),
            "replica takes over": self._replica_takes_over,
            "slot moves": self._slot_moves,
            "key is damaged": self._key_damaged,
            "people stand still": self._people_stand_still,
            "redis has a newer format": self._newer_format,
            "fleet is upgraded": self._upgrade,
            "machine is replaced": self._replace,
            "commit is late": self._commit_is_late,
            "people do not read": self._people_do_not_read,
            "redis loses entries": self._redis_loses_entries,
            "redis loses writes unheard": self._redis_loses_unheard,
        }
        if fleet.cold is not None:
            self._kinds |= {
                "cold store is away": partial(self._cold, "away", lambda _: True),
                "cold store says nothing": self._cold_is_silent,
                "cold store is full": partial(self._cold, "full", lambda _: True),
                "cold store is slow": partial(self._cold, "slow", lambda chance: 8 * chance**2),
                "cold store cuts before": partial(self._cold, "cut_before", lambda chance: chance),
                "cold store cuts after": partial(self._cold, "cut_after", lambda chance: chance),
                "cut off from cold store": self._cut_off_cold,
                "cold store is an older copy": self._cold_is_stale,
            }
        if unknown := set(chosen) - self._kinds.keys():
            raise ValueError(f"no kinds of faults: {', '.join(sorted(unknown))}")
        self._chosen = sorted(chosen)
        lasting = [0.3, 3.0, 8.0] if chosen else [0.05, 0.3, 1.0, 3.0, 8.0]
        self._lasting = lasting[:-1] if brief else lasting

    def is_expected(self, record: logging.LogRecord) -> bool:
        """Returns whether this may be logged as an error, after the faults that have struck."""
        if self.damaged and HURT in f"{record.getMessage()} {vars(record)}":
            return True
        if record.msg == "cold store fails":
            return self._was_full
        if record.msg == "history rolled back":
            return bool(self.rollbacks)
        if record.exc_info and isinstance(record.exc_info[1], NewerFormat):
            return self._was_newer
        if record.msg in OF_DEATHS:
            return self._killed_a_task
        if record.msg == LOST and self._restarted:
            # Redis may have restarted after the pad had left it, and before the cold store was told
            # so. Nothing proves then that Redis still has its last writes, so it counts as lost.
            return True
        if record.msg in OF_LOSSES:
            return self.losses > 0
        return False

    # --- The plan --------------------------------------------------------------------------------

    def plan(self) -> list[Fault]:
        """Returns the faults of the run. Some runs are calm, some absurd, and most have only a few
        kinds of faults."""
        dice = self._dice
        count = dice.choice((0, 1, 2, 3, 4, 6, 8, 12, 20))
        kinds = sorted(self._kinds)
        if self._servers.cluster is None:
            kinds.remove("slot moves")
        kinds = [kind for kind in kinds if kind not in ONLY_CHOSEN]
        chosen = dice.sample(kinds, dice.randint(1, len(kinds)))
        if self._chosen:
            count, chosen = max(count, 3), self._chosen
        targets = sorted(self._fleet.programs)
        moments = sorted(dice.uniform(0, self._seconds) for _ in range(count))
        found = []
        for number, at in enumerate(moments):
            kind = dice.choice(chosen)
            target = "" if kind.startswith(OF_NO_PROGRAM) else dice.choice(targets)
            seconds = dice.choice(self._lasting) * dice.uniform(0.5, 1.5)
            found.append(Fault(number, at, kind, target, seconds, dice.random()))
        return found

    async def strike(self, plan: list[Fault], only: frozenset[int] | None) -> None:
        """Returns when all faults are over, and everything is mended."""
        began = self._world.loop.now
        until = self._until = began + self._seconds
        for fault in plan:
            if only is not None and fault.number not in only:
                continue
            await asyncio.sleep(max(0.0, began + fault.at - self._world.loop.now))
            self._world.line(f"FAULT {fault}")
            self.struck.append(f"{fault.at:.2f} s: {fault}")
            self._kinds[fault.kind](fault)
            until = max(until, self._world.loop.now + fault.seconds, self._until)
        await asyncio.sleep(max(0.0, until - self._world.loop.now) + 0.01)
        self._take_format_back()  # the fail-over may have lost that it was taken back

    def _later(self, seconds: float, call: Callable[[], object]) -> None:
        self._world.loop.call_later(seconds, call, context=self._world.network.kernel)

    # --- Programs --------------------------------------------------------------------------------

    def _kill(self, fault: Fault) -> None:
        self._fleet.kill(fault.target, silently=False, back_after=fault.seconds)

    def _power_off(self, fault: Fault) -> None:
        self._fleet.kill(fault.target, silently=True, back_after=fault.seconds)

    def _replace(self, fault: Fault) -> None:
        """Replaces a writer's machine. Workers and nodes stay what they are, since people know them
        by their names."""
        if not self._fleet.programs[fault.target].serves:
            self._fleet.replace_writer(fault.target, fault.seconds)
        else:
            self._power_off(fault)

    def _terminate(self, fault: Fault) -> None:
        self._fleet.terminate(fault.target)

    def _task_dies(self, fault: Fault) -> None:
        """Cancels one of the tasks that a program's supervisor keeps alive, as a mistake of ours in
        it would end it."""
        host = self._fleet.programs[fault.target].host
        if host is None or not host.runs:
            return
        kept = [
            task
            for task in self.tasks_of(host)
            if getattr(task.get_coro(), "__qualname__", "") == KEPT
        ]
        if kept:
            task = kept[int(fault.chance * len(kept))]
            self._world.line(f"{task.get_name()} dies", host)
            self._killed_a_task = True
            task.cancel()

    def _upgrade(self, fault: Fault) -> None:
        """Asks each program to end and starts it again, one after the other: writers and
        nodes first, or workers first on the way back. It does not check whether the previous one is
        there again."""
        names = sorted(self._fleet.programs, key=lambda name: (name.startswith("worker"), name))
        if fault.chance < 0.3:
            names.reverse()
        for place, name in enumerate(names):
            self._later(place * fault.seconds / len(names), partial(self._fleet.terminate, name))

    def _freeze(self, fault: Fault) -> None:
        host = self._fleet.programs[fault.target].host
        if host is not None and host.alive:
            host.frozen = True
            self._later(fault.seconds, lambda: setattr(host, "frozen", False))

    def _people_stand_still(self, fault: Fault) -> None:
        """Freezes the people. What they are sent waits, until their buffers are full."""
        host = self._world.network.find("people")
        host.frozen = True
        self._later(fault.seconds, lambda: setattr(host, "frozen", False))

    def _people_do_not_read(self, fault: Fault) -> None:
        """Has half of the people's connections read nothing, with small buffers, while the others
        type. What these are sent soon waits on the workers."""
        network = self._world.network
        transports: list[WorldTransport] = []
        for end in network.ends_of(network.find("people")):
            if end.transport is not None and self._dice.random() < 0.5:
                end.room = min(end.room, LITTLE)
                end.transport.pause_reading()
                transports.append(end.transport)

        def read_on() -> None:
            for transport in transports:
                transport.resume_reading()

        self._later(fault.seconds, read_on)

    def _clock(self, fault: Fault) -> None:
        host = self._fleet.programs[fault.target].host
        if host is not None:
            host.ahead += (fault.chance - 0.5) * 7200

    # --- The network -----------------------------------------------------------------------------

    def _cut(self, fault: Fault, *links: tuple[str, str]) -> None:
        network = self._world.network
        network.cut.update(links)

        def mend() -> None:
            network.cut.difference_update(links)
            network.release()

        self._later(fault.seconds, mend)

    def _servers_of(self, fault: Fault) -> list[str]:
        """Returns the servers that the fault strikes: all of them, or one of several."""
        names = self._servers.names
        return names if fault.chance < 0.5 else [names[int(fault.chance * len(names))]]

    def _host(self, fault: Fault) -> str:
        """Returns the host of the program that the fault strikes; its machine may have been
        replaced."""
        return self._fleet.programs[fault.target].name

    def _cut_off(self, fault: Fault) -> None:
        for name in self._servers_of(fault):
            self._cut(fault, (self._host(fault), name), (name, self._host(fault)))

    def _deaf(self, fault: Fault) -> None:
        for name in self._servers_of(fault):
            self._cut(fault, (name, self._host(fault)))

    def _commit_is_late(self, fault: Fault) -> None:
        """Holds up whatever a writer sends, among it a commit, until others have taken its leases;
        they are slow to settle anything under them."""
        programs = sorted(self._fleet.programs.items())
        writers = [each.name for name, each in programs if not name.startswith("worker")]
        late = writers[int(fault.chance * len(writers))]
        took = LEASE + self._dice.uniform(0.0, 4.0)
        self._until = max(self._until, self._world.loop.now + took + 1.0)
        held = replace(fault, seconds=took)
        self._cut(held, *((late, server) for server in self._servers.names))
        for link in (frozenset((w, s)) for w in writers if w != late for s in self._servers.names):
            self._world.network.extra[link] = 1.0
            self._later(took + 1.0, partial(self._world.network.extra.pop, link, None))

    def _cut_off_people(self, fault: Fault) -> None:
        self._cut(fault, (self._host(fault), "people"), ("people", self._host(fault)))

    def _slow_link(self, fault: Fault) -> None:
        for name in self._servers_of(fault):
            link = frozenset((self._host(fault), name))
            self._world.network.extra[link] = fault.chance
            self._later(fault.seconds, partial(self._world.network.extra.pop, link, None))

    def _reset(self, fault: Fault) -> None:
        host = self._fleet.programs[fault.target].host
        if host is None or not host.alive:
            return
        for end in self._world.network.ends_of(host):
            if not end.closed and self._dice.random() < fault.chance:
                end.reset()

    # --- Redis -----------------------------------------------------------------------------------

    def _place(self, fault: Fault) -> Place:
        return self._servers.place(fault.chance)

    def _redis_freezes(self, fault: Fault) -> None:
        host = self._place(fault).host
        host.frozen = True
        self._later(fault.seconds, lambda: setattr(host, "frozen", False))

    def _redis_restarts(self, fault: Fault) -> None:
        self._restart(fault, 0.0)

    def _redis_loses(self, fault: Fault) -> None:
        self._restart(fault, fault.chance)

    def _restart(self, fault: Fault, lost: float) -> None:
        """Restarts a server. One that has a part of a moving slot loses nothing: see
        `_replica_takes_over`."""
        place = self._place(fault)
        if not place.host.alive:
            return
        server = place.server
        self._restarted = True
        self._servers.kill(place)

        def again() -> None:
            if place.server is not server:
                return  # another has taken its place
            gone = self._servers.start(place, 0.0 if self._half_moved(server) else lost)
            self._world.line(f"{server.name} has started, and lost {gone} transactions")
            if gone:
                self._took_back()

        self._later(fault.seconds, again)

    def _redis_loses_entries(self, fault: Fault) -> None:
        """Restarts a server without its last second, in which no writer has read anything: entries
        are gone from the inboxes, and no history is taken back."""
        programs = self._fleet.programs.items()
        writers = [each.host for name, each in programs if not name.startswith("worker")]
        halted = [host for host in writers if host is not None and host.alive]
        for host in halted:
            host.frozen = True
        self._until = max(self._until, self._world.loop.now + UNREAD + 1.0)
        short = replace(fault, seconds=0.1)
        self._later(UNREAD, partial(self._restart, short, 1.0))

        def wake() -> None:
            for host in halted:
                host.frozen = False

        self._later(UNREAD + 0.5, wake)

    def _redis_loses_unheard(self, fault: Fault) -> None:
        """Restarts a server without half of its last second while a worker is cut off from it,
        until others have written more than was lost."""
        names = sorted(name for name, each in self._fleet.programs.items() if each.serves)
        worker = self._fleet.programs[names[int(fault.chance * len(names))]].name
        self._until = max(self._until, self._world.loop.now + UNHEARD + 1.0)
        links = [(worker, server) for server in self._servers.names]
        links += [(server, worker) for server in self._servers.names]
        self._cut(replace(fault, seconds=UNHEARD), *links)
        self._restart(replace(fault, seconds=0.1), 0.5)

    def _took_back(self) -> None:
        self.losses += 1
        for pad, head in self._fleet.heads(self._pads).items():
            self.rollbacks[pad].append(Rollback(head))

    def _redis_slow(self, fault: Fault) -> None:
        self._set(fault, "slow", 0.05 * fault.chance**3)

    def _redis_full(self, fault: Fault) -> None:
        self._set(fault, "oom", True)

    def _redis_refuses(self, fault: Fault) -> None:
        self._set(
            fault,
            "refusal",
            "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to "
            "persist to disk."
            if fault.chance < 0.5
            else "NOREPLICAS Not enough good replicas to write.",
        )

    def _redis_cuts_before(self, fault: Fault) -> None:
        self._set(fault, "cut_before", 0.2 * fault.chance)

    def _redis_cuts_after(self, fault: Fault) -> None:
        self._set(fault, "cut_after", 0.2 * fault.chance)

    def _set(self, fault: Fault, what: str, value: object) -> None:
        server = self._place(fault).server
        usual = getattr(Server(self._world.loop, random.Random(0), ""), what)
        setattr(server, what, value)
        self._later(fault.seconds, lambda: setattr(server, what, usual))

    def _redis_wiped(self, fault: Fault) -> None:
        """Empties a server. A slot that is moving is moved before that: see
        `_replica_takes_over`."""
        place = self._place(fault)
        for slot in self._half_moved(place.server):
            self._end_move(slot)
        self._servers.wipe(place)
        self._took_back()

    def _redis_clock(self, fault: Fault, way: int) -> None:
        """Moves a server's clock by up to an hour, for the rest of the run."""
        self._place(fault).server.ahead += way * fault.chance * 3600

    def _newer_format(self, fault: Fault) -> None:
        """Stores a newer format, as if a release that this one cannot live with had been here, and
        a backup had then been put in its place: all programs have to end, and none may start
        meanwhile."""
        self._was_newer = True
        self._servers.holder(_CONFIG).by_hand(b"HSET", _CONFIG, b"format", NEWER)
        self._later(fault.seconds, self._take_format_back)

    def _take_format_back(self) -> None:
        held = self._servers.value(_CONFIG)
        if isinstance(held, dict) and held.get(b"format") == NEWER:
            self._servers.holder(_CONFIG).by_hand(b"HDEL", _CONFIG, b"format")

    def _redis_ends_subscriptions(self, fault: Fault) -> None:
        for client in self._place(fault).server.subscribers():
            client.abort()

    def _replica_takes_over(self, fault: Fault) -> None:
        """Lets a replica take over that has not heard of the last moments, by the seed. If Sentinel
        names the primary, the old one may freeze meanwhile, or go on, and believe for a moment that
        it still is the primary. While a slot moves no server is replaced: that would lose half of a
        pad's keys, which the fleet calls damage."""
        servers, place = self._servers, self._place(fault)
        old, moves = place.server, self._moves()
        if not place.host.alive or self._failing_over or moves is None:
            return
        self._failing_over = True
        replica = servers.replica(place, fault.number)
        old.replication_cut = True
        lives = servers.standby is not None and fault.chance < 0.7
        if lives and fault.chance < 0.4:
            place.host.frozen = True

        def promote() -> None:
            if place.server is not old or not place.host.alive or self._moves() != moves:
                place.host.frozen = old.replication_cut = False
                self._failing_over = False
                return
            if servers.standby is not None and not lives:
                servers.kill(place)
            lacks = servers.fail_over(place, replica)
            self._world.line(f"a replica of {old.name} has taken over, and lacks {lacks}")
            self.split = lives
            if lacks or lives:
                self._took_back()
            if servers.kind == "sentinel":
                self._later(0.5 + fault.chance, wake)
                self._later(1.0 + 2 * fault.chance, told)
            else:
                self._failing_over = False

        def wake() -> None:
            servers.former.host.frozen = False

        def told() -> None:
            # Everything that it accepted meanwhile, as if it were primary, is gone.
            servers.demote_former()
            self._took_back()
            self.split = False
            self._failing_over = False

        self._later(min(fault.seconds, 1.0), promote)

    # --- The cold store --------------------------------------------------------------------------

    def _cold(self, what: str, how: Callable[[float], object], fault: Fault) -> None:
        disk = self._fleet.cold
        if disk is not None:
            self._was_full = self._was_full or what == "full"
            usual = type(getattr(disk, what))()
            setattr(disk, what, how(fault.chance))
            self._later(fault.seconds, lambda: setattr(disk, what, usual))

    def _cold_is_silent(self, fault: Fault) -> None:
        self._cold("silent", lambda _: True, fault)
        self._cold("away", lambda _: True, fault)

    def _cold_is_stale(self, fault: Fault) -> None:
        """Replaces the store by a copy of some seconds ago, while all are at work."""
        disk = self._fleet.cold
        if disk is not None and (gone := disk.put_back(fault.seconds)):
            self._world.line(f"the cold store has lost {gone} changes")
            self._took_back()

    def _cut_off_cold(self, fault: Fault) -> None:
        self._cut(fault, (self._host(fault), COLD), (COLD, self._host(fault)))

    # --- A cluster -------------------------------------------------------------------------------

    def _moves(self) -> int | None:
        """Returns how many moves of slots have ended, or None while one is going on."""
        cluster = self._servers.cluster
        if cluster is None:
            return 0
        return None if cluster.moving else cluster.moves

    def stands_still(self, pad: str) -> bool:
        """Returns whether the slot of a pad's partition is half moved. Workers stay ready then: see
        docs/reliability.md."""
        cluster = self._servers.cluster
        key = self._fleet.keyspace.pad(pad).meta.encode()
        return cluster is not None and slot_of(key) in cluster.moving

    def _half_moved(self, server: Server) -> list[int]:
        """Returns the slots of which this server has some keys, and another has the others."""
        cluster = self._servers.cluster
        moving = {} if cluster is None else cluster.moving
        return [slot for slot, between in moving.items() if server in between]

    def _slot_moves(self, fault: Fault) -> None:
        """Moves the slot of a partition to another server, key by key; in the end it is there, or
        back, or stays half-moved until the end of the storm."""
        cluster = self._servers.cluster
        if cluster is None:
            return
        partition = int(fault.chance * self._fleet.keyspace.partitions)
        slot = slot_of(self._fleet.keyspace.state(partition).encode())
        others = [each for each in cluster.servers if each is not cluster.owner(slot)]
        target = others[fault.number % len(others)]
        if not cluster.begin_to_move(slot, target):
            return
        steps, way = 5, fault.number % 3

        def step(left: int) -> None:
            if slot not in cluster.moving:
                return
            if left:
                cluster.move_keys(slot, 3)
                self._later(fault.seconds / steps, partial(step, left - 1))
            elif way == 0:
                cluster.turn_back(slot)
            elif way == 1:
                cluster.end_move(slot)
            else:
                left_over = max(0.0, self._until - self._world.loop.now)
                self._later(left_over, partial(self._end_move, slot))

        step(steps)

    def _end_move(self, slot: int) -> None:
        cluster = self._servers.cluster
        if cluster is not None and slot in cluster.moving:
            cluster.end_move(slot)

    # --- Damage ----------------------------------------------------------------------------------

    def _key_damaged(self, fault: Fault) -> None:
        """Damages one key of one pad by hand: it is gone, or contains something else."""
        keys = self._fleet.keyspace.pad(HURT)
        self.damages(keys.channel.encode())
        self.damaged = True
        revs, meta = keys.revs.encode(), keys.meta.encode()
        ways: list[tuple[bytes, ...]] = [
            (b"DEL", revs),
            (b"DEL", meta),
            (b"DEL", meta, keys.snap.encode()),
            (b"HSET", meta, b"head", b"7000"),
            *((b"SET", key.encode(), b"by hand") for key in (keys.meta, keys.revs, keys.snap)),
            *((b"SET", key.encode(), b"by hand") for key in (keys.fences, keys.members, keys.chat)),
            *((b"SET", key.encode(), b"by hand") for key in (keys.seen, keys.saved, keys.chunks)),
        ]
        way = ways[int(fault.chance * len(ways))]
        self._world.line(f"by hand: {b' '.join(way)!r}")
        with suppress(CommandError):  # it has been damaged already
            self._servers.holder(way[1]).by_hand(*way)
