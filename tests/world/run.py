"""Plays one run: a world from a seed, people who type, faults, a quiet time, and a verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import aiohttp

from tests.chaos.history import Typists, check, outage, read_streams
from tests.chaos.history.recording import Accepted, Recording
from tests.chaos.history.story import Story
from tests.world.callers import Caller
from tests.world.disguise import true_process_time
from tests.world.faults.aftermath import HURT
from tests.world.faults.storm import Storm
from tests.world.fleet import Fleet
from tests.world.further import Further
from tests.world.guards import LOOK, Guards
from tests.world.morning import Morning, layout_of
from tests.world.readers import Onlooker, Reader, Slider
from tests.world.rushers import Rusher
from tests.world.scribes import Scribe
from tests.world.size import Size
from tests.world.stock import Page, PageTypist
from tests.world.world import World

QUIET: Final = 60.0
"""How many seconds after the last fault everything has to have recovered."""

CALM: Final = 10.0
"""How many seconds after the last fault the last warning may come."""

SERVED: Final = 30.0
"""How many seconds may pass after the faults until everybody has had something accepted."""

STEADY: Final = 2.0
"""How many seconds everything has to stand well until the quiet time of a brief run ends."""


@dataclass
class Outcome:
    """The result of one run."""

    seed: str
    digest: str = ""
    findings: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)  #: those that struck
    revisions: int = 0
    accepted: int = 0
    lines: int = 0  #: lines of scribes that were accepted
    visits: int = 0  #: of readers and timesliders
    calls: int = 0  #: of the API
    reloads: int = 0
    reconnects: int = 0
    back: float = 0.0  #: seconds until the last client was served after the faults
    simulated: float = 0.0  #: seconds
    took: float = 0.0  #: seconds of a core
    turns: int = 0  #: callbacks
    looks: int = 0  #: transactions, steps and answers that were checked
    commands: int = 0
    frozen: int = 0  #: how often a pad has left for the cold store
    thawed: int = 0  #: how often one has come back
    tail: list[str] = field(default_factory=list)  #: the end of the trace, if something was found

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def simulate(
    seed: str,
    size: Size | None = None,
    *,
    show: Callable[[str], None] | None = None,
    only: frozenset[int] | None = None,
) -> Outcome:
    """Plays one world from its morning to its end, in a process that does nothing else afterwards.

    Arguments:
        only: the numbers of the faults that are to strike, of those that the seed names; None means
            all.
    """
    size = size or Size()
    return play(Morning(layout_of(seed, size), size, show), seed, only=only)


def play(morning: Morning, seed: str, *, only: frozenset[int] | None = None) -> Outcome:
    """Plays what comes after a morning that nobody else uses; see `simulate`."""
    began = true_process_time()
    outcome = Outcome(seed)
    world, guards, listener = morning.world, morning.guards, morning.listener
    with world:
        world.become(seed)
        morning.run(_play(morning, outcome, only))
    outcome.findings += morning.faults
    outcome.findings[:0] = guards.findings
    outcome.findings += [f"LOGGED {text}" for text in listener.faults]
    ledger, rooms, readiness = guards.ledger, guards.rooms, guards.readiness
    outcome.looks = ledger.transactions + rooms.steps + readiness.questions
    outcome.frozen, outcome.thawed = ledger.frozen, ledger.thawed
    outcome.digest = world.trace.digest
    outcome.simulated = world.loop.now - morning.began
    outcome.turns = world.loop.turns
    outcome.took = true_process_time() - began + morning.took
    if outcome.findings:
        outcome.tail = list(world.trace.lines)
    return outcome


async def _play(morning: Morning, outcome: Outcome, only: frozenset[int] | None) -> None:
    world, size, fleet = morning.world, morning.size, morning.fleet
    listener, guards = morning.listener, morning.guards
    people = world.network.add("people")
    pads = [f"pad-{number}" for number in range(size.pads)]
    urls = fleet.urls

    def as_people(work: Any) -> asyncio.Task[Any]:
        return world.loop.create_task(work, context=people.context.copy())

    typists: Typists = await as_people(
        Typists.start(
            urls,
            pads,
            clients=size.clients - size.pages,
            rate=size.rate,
            pause=(0.2, 1.0),
            seed=world.dice("people").getrandbits(32),
        )
    )
    page = Page(urls, world.dice("pages"))
    pages: Typists = await as_people(
        Typists.start(
            urls,
            pads,
            clients=size.pages,
            rate=size.rate,
            seed=world.dice("people on pages").getrandbits(32),
            stay=page.stay,
            first=size.clients - size.pages,
            kind=PageTypist,
        )
    )
    guards.typists = typists
    scribes = {
        pad: [
            Scribe(
                f"{pad}.{number}",
                [f"{url}/p/{pad}" for url in urls],
                world.dice(f"scribe {number} of {pad}"),
                world.line,
                slower=0.5 / size.rate,
            )
            for number in range(size.scribes)
        ]
        for pad in pads
    }
    if morning.layout.programs.nodes:
        # Edits that need no inbox and edits that do are to stay in order: somebody has several.
        rusher = Rusher(
            f"{pads[0]}.rusher",
            [f"{url}/p/{pads[0]}" for url in urls],
            world.dice("rusher"),
            world.line,
            slower=0.5 / size.rate,
        )
        scribes[pads[0]].append(rusher)
    further = Further(size.people, urls, world, typists.typists, lambda: storm.aftermath.losses)
    scribes |= further.scribes
    judged = [*scribes]  # the pads whose text is known in the end
    writing = [as_people(scribe.run()) for each in scribes.values() for scribe in each]
    storm = Storm(
        world,
        fleet,
        judged,
        size.seconds,
        size.kinds,
        as_people=as_people,
        brief=size.brief,
    )
    storm.by_hand.damages = guards.ledger.histories.damaged.add
    storm.programs.tasks_of = guards.tasks.of
    guards.readiness.stands_still = storm.slots.stands_still
    # Whatever becomes of the damaged pad, somebody who is on it must not hold up anybody else.
    hurt = [f"{url}/p/{HURT}" for url in urls]
    sufferer = Scribe("sufferer", hurt, world.dice("sufferer"), world.line)
    writing.append(as_people(sufferer.run()))
    onlookers, callers = _guests(world, storm, urls, pads) if size.guests else ({}, [])
    writing += [as_people(guest.run()) for guest in onlookers.values()]
    writing += [as_people(caller.run()) for caller in callers]
    writing += [as_people(opener.run()) for opener in further.openers]
    writing += [as_people(program.run()) for program in further.programs]
    listener.is_expected = storm.aftermath.explains
    plan = storm.plan()
    await storm.strike(plan, only)
    outcome.faults = storm.struck
    mended = world.loop.now
    world.line("the faults are over")
    for caller in callers:
        # A copy or a restore takes a term away, and a writer warns of that.
        caller.rest()
    for program in further.programs:
        program.rest()
    recordings = [*typists.recordings, *pages.recordings]
    recovering = _Recovering(fleet, guards, recordings, [*onlookers.values()], mended)
    await recovering.sleep(CALM, brief=size.brief)
    if world.loop.now - mended >= CALM:
        # A warning from now on would mean that a program has not recovered from something long
        # past. (A brief run may be over before that.)
        listener.takes_warnings_for_faults = True
        guards.readiness.quiet_since = world.loop.now
    await recovering.sleep(SERVED / 2 - CALM, brief=size.brief)
    for scribe in (sufferer, *(scribe for each in scribes.values() for scribe in each)):
        scribe.rest()
    for guest in (*onlookers.values(), *further.openers):
        guest.rest()
    done, away = await asyncio.wait(writing, timeout=QUIET)
    for task in done:
        task.result()  # a fault of ours must not look like one of theirs
    if away:
        outcome.findings.append(f"LATE {len(away)} scribes or guests have not come to their end")
    late = await as_people(typists.quiesce(QUIET, lambda: _heads(fleet, pads)))
    late += await as_people(pages.quiesce(QUIET, lambda: _heads(fleet, pads)))
    if not late:  # the pages' last edits came to the others, too
        late = await as_people(typists.quiesce(QUIET, lambda: _heads(fleet, pads)))
    outcome.findings += await as_people(_unready(fleet))
    # Callers look at pads that are in the cold store alone, since it was put back: bringing one to
    # Redis takes a term away, and a writer warns of that. And then all people leave at once.
    listener.takes_warnings_for_faults = False
    for caller in callers:
        outcome.findings += [f"CALLER {each}" for each in await as_people(caller.judge())]
        outcome.calls += caller.calls
    guards.at_the_end(size.clients + sum(map(len, scribes.values())) + len(further.openers))
    guards.stopped = True
    for task in morning.looking:
        task.cancel()
    recordings = await as_people(typists.finish())
    recordings += await as_people(pages.finish())
    outcome.findings += [f"PAGE {fault}" for fault in page.faults]
    outcome.findings += [f"ONLOOKER {fault}" for each in further.openers for fault in each.faults]
    outcome.findings += [f"LATE {who}" for who in late]
    streams = await as_people(read_streams(fleet.servers.url, judged, fleet.cold_url))
    for pad, stream in zip(judged, streams, strict=True):
        verdict = check(recordings, stream, storm.aftermath.rollbacks[pad])
        outcome.findings += [f"{pad} {finding}" for finding in verdict.findings]
        story = Story(stream, {seen.rev for guest in onlookers.values() for seen in guest.seen})
        text = story.text
        if pad in onlookers:
            found = onlookers[pad].judge(story.digest_at)
            outcome.findings += [f"{pad} ONLOOKER {each}" for each in found]
            outcome.visits += onlookers[pad].visits
        for scribe in scribes[pad]:
            found = scribe.judge(text, rolled_back=bool(storm.aftermath.rollbacks[pad]))
            outcome.findings += [f"{pad} SCRIBE {each}" for each in found]
            outcome.lines += len(scribe.taken)
        outcome.revisions += verdict.revisions
        outcome.accepted += verdict.accepted
        outcome.reloads += verdict.reloads.total()
        outcome.reconnects += verdict.reconnects
    waits = outage(recordings, mended)
    outcome.back = waits.back.most if waits.back is not None else 0.0
    if outcome.back > SERVED:
        outcome.findings.append(f"SLOW somebody was served only after {outcome.back:.1f} s")
    outcome.findings += [f"NEVER {who} was not served again" for who in waits.never]
    outcome.findings += [f"ENDED {text}" for text in fleet.faults]
    outcome.commands = fleet.servers.commands


class _Recovering:
    """Waits until a fleet has recovered."""

    def __init__(
        self,
        fleet: Fleet,
        guards: Guards,
        recordings: Sequence[Recording],
        onlookers: Sequence[Onlooker],
        mended: float,
    ) -> None:
        """Takes when the faults were over."""
        self._fleet = fleet
        self._guards = guards
        self._recordings = recordings
        self._onlookers = onlookers
        self._mended = mended
        self._steady = 0.0  #: seconds for which it has been seen to stand well

    async def sleep(self, seconds: float, *, brief: bool) -> None:
        """Sleeps for so long. If `brief`, that ends when everything has stood well for a while."""
        if not brief:
            await asyncio.sleep(seconds)
            return
        while seconds > 0 and self._steady < STEADY:
            pause = min(LOOK, seconds)
            await asyncio.sleep(pause)
            seconds -= pause
            self._steady = self._steady + pause if self._stands_well() else 0.0

    def _stands_well(self) -> bool:
        hosts = [program.host for program in self._fleet.programs.values()]
        return (
            self._guards.readiness.all_ready(hosts)
            and all(_served_since(recording, self._mended) for recording in self._recordings)
            # They come now and then, and one may have met a worker each time that was away.
            and all(onlooker.visits for onlooker in self._onlookers)
        )


def _served_since(recording: Recording, mended: float) -> bool:
    """Returns whether this person has had something accepted since then."""
    for at, event in reversed(recording.moments):
        if at < mended:
            return False
        if isinstance(event, Accepted):
            return True
    return False


def _guests(
    world: World, storm: Storm, urls: list[str], pads: list[str]
) -> tuple[dict[str, Onlooker], list[Caller]]:
    """Returns a reader on the first pad, a timeslider on the last, and two callers of the API."""

    aftermath = storm.aftermath

    def losses() -> int:
        return aftermath.losses

    def split() -> bool:
        return aftermath.split or aftermath.unaccepted > 0

    def on(pad: str) -> list[str]:
        return [f"{url}/p/{pad}" for url in urls]

    first, last = pads[0], pads[-1]
    onlookers: dict[str, Onlooker] = {
        first: Reader("reader", on(first), world.dice("reader"), losses),
    }
    if last != first:
        onlookers[last] = Slider("slider", on(last), world.dice("slider"), losses)
    callers = [
        Caller("caller", urls, world.dice("caller"), losses, split, world.line),
        # This one stays away for so long that a pad is frozen meanwhile, if there is a cold store.
        Caller("comer", urls, world.dice("comer"), losses, split, world.line, pause=(2.5, 7.0)),
    ]
    return onlookers, callers


async def _unready(fleet: Fleet) -> list[str]:
    """Returns a finding for each program that reports that it is not ready, or does not answer."""
    found = []
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http:
        for program in fleet.programs.values():
            try:
                async with http.get(program.health) as answer:
                    if answer.status != 200:
                        found.append(f"UNREADY {program.name}: {await answer.text()}")
            except (aiohttp.ClientError, OSError) as error:
                found.append(f"UNREADY {program.name}: {error!r}")
    return found


async def _heads(fleet: Fleet, pads: list[str]) -> dict[str, int]:
    return fleet.heads(pads)
