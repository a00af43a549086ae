"""Defines the matrix: each fault, and the topologies of Redis in which it is tried."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.chaos.group import Group
from tests.chaos.history import Typists, check, outage, read_heads, read_streams
from tests.chaos.results import Result, Times
from tests.chaos.scene import SETTINGS, Scene, Size
from tests.chaos.topologies import ClusterGroup, SentinelGroup, Standalone, ValkeyCluster
from tests.eventually import eventually
from tests.fleet import Fleet

QUIET_S: Final = 60.0

TOPOLOGIES: Final[dict[str, type[Group]]] = {
    "standalone": Standalone,
    "sentinel": SentinelGroup,
    "cluster": ClusterGroup,
    "valkey cluster": ValkeyCluster,
}


async def two_of_each(scene: Scene) -> None:
    """Starts two writers and two workers, with nothing special about them."""
    await scene.in_thread(scene.fleet.start, writers=2, workers=2)


@dataclass(frozen=True)
class Cell:
    fault: Callable[[Scene], Awaitable[None]]
    """Strikes while people type. It returns when people can be expected to get on again."""
    says: str  #: what it does, for the table
    topologies: Sequence[str] = ("standalone", "sentinel", "cluster")  #: in short the first
    settings: Mapping[str, str] = field(default_factory=dict)
    redis: Sequence[str] = ()  #: lines of configuration for the servers
    start: Callable[[Scene], Awaitable[None]] = two_of_each  #: starts the fleet's processes
    people: Callable[[Scene], AbstractAsyncContextManager[Typists]] = Scene.people  #: who types

    in_short: bool = True  #: `make test` plays it too
    limit_s: float = 400.0  #: within which it has to be over at full size, on a slow machine too

    @property
    def name(self) -> str:
        return self.fault.__name__


async def play(cell: Cell, topology: str, size: Size, folder: Path) -> Result:
    """Runs the cell. Raises AssertionError if it cost anybody anything that it should not."""
    with ExitStack() as resources:
        group = TOPOLOGIES[topology](folder / "redis", cell.redis)
        resources.enter_context(group)
        fleet = Fleet(group.url, folder, {**SETTINGS, **size.settings, **cell.settings})
        scene = Scene(group, fleet, folder, size, resources)
        with fleet:  # ends before what it needs does
            await cell.start(scene)
            async with cell.people(scene) as typists:
                await scene.typed()
                scene.breaks()
                await cell.fault(scene)
                await scene.typed()
                await _everybody_got_on(scene, typists)
                late = await typists.quiesce(QUIET_S, lambda: read_heads(group.url, scene.pads))
                recordings = await typists.finish()
            for looks in scene.checks:
                await scene.in_thread(looks)
        rollbacks = [scene.rollback] if scene.rollback is not None else []
        streams = await read_streams(group.url, scene.pads)
        verdicts = [check(recordings, stream, rollbacks) for stream in streams]
    waits = outage(recordings, scene.broken_at)
    after = outage(recordings, scene.mended_at) if scene.mended_at else None
    told: Counter[str] = sum((verdict.reloads for verdict in verdicts), Counter())
    result = Result(
        fault=cell.name,
        says=cell.says,
        topology=topology,
        size=size.name,
        clients=len(recordings),
        pads=size.pads,
        at=time.time(),
        revisions=sum(verdict.revisions for verdict in verdicts),
        submitted=sum(verdict.submitted for verdict in verdicts),
        accepted=sum(verdict.accepted for verdict in verdicts),
        reconnects=sum(verdict.reconnects for verdict in verdicts),
        reloads=told.total(),
        excused=sum(verdict.excused for verdict in verdicts),
        findings={
            kind.name: count for verdict in verdicts for kind, count in verdict.kinds.items()
        },
        back=Times.of(waits.back),
        back_after_mending=Times.of(after.back) if after is not None else None,
        promotion_s=scene.promotion.seconds if scene.promotion is not None else None,
        notes=scene.notes,
    )
    assert all(verdict.ok for verdict in verdicts), "\n".join(map(str, verdicts))
    assert not late, f"not quiet after {QUIET_S:g} s: {late}"
    assert not waits.never, f"nothing was accepted since the fault of {waits.never}"
    assert result.accepted > size.clients, "hardly anything was typed"
    if scene.rollback is None:
        assert not told, f"clients were told to reload: {dict(told)}"
    return result


async def _everybody_got_on(scene: Scene, typists: Typists) -> None:
    """Waits until everybody has got on. It is not enough that each pad has: somebody who was told
    to reload may not have typed since."""
    await eventually(
        lambda: not outage(typists.recordings, scene.broken_at).never,
        "something of everybody has been accepted since the fault",
        timeout=QUIET_S,
    )
