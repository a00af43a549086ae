"""A small, pure model of everything that can happen to a pad between Redis and a cold store. An
actor may end after any of its steps.

Each actor makes one step at a time, as the code does (`thawing`, `writing_behind`, the scripts),
and decides by the code's own `place_of`. Between any two steps anything else may happen: another
actor's step, a commit, the end of a process, a fail-over to a replica that lags behind, the loss of
all of Redis, or the store's return to what it was before, as from a backup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import blake2b
from typing import NamedTuple

from padfleet.shared.cold.pads import ColdHead, Mark
from padfleet.shared.cold.places import PadPlace, place_of
from padfleet.shared.log.pad.moving import PadMove, Way, Whereabouts
from padfleet.shared.log.pad.witness import Witness
from padfleet.shared.log.reigns import Reign, shared_up_to

History = tuple[int, ...]
"""The commits that it is made of, each with a number of its own in the whole world."""

Record = tuple[Reign, ...]


class Object(NamedTuple):
    """The part of the pad that the cold store holds."""

    mark: Mark
    history: History
    record: Record
    edition: int
    version: int


class Server(NamedTuple):
    """The part of the pad that Redis holds."""

    history: History | None = None  #: None: nothing
    record: Record = ()
    move: PadMove | None = None
    staged: frozenset[tuple[int, History]] = frozenset()
    """The histories that actors are bringing, by the time of each actor's move."""
    witness: tuple[History, int] | None = None
    """What the store had when the pad left, and its edition; 0: whatever it has was accepted."""


class Actor(NamedTuple):
    """A process at work: the step that is next, and what it knows."""

    at: str = "idle"
    reign: int = 0
    here: Server = Server()
    found: Object | None = None
    mine: PadMove | None = None  #: the one that it has put there


class World(NamedTuple):
    server: Server
    replica: Server
    reign: int
    store: Object | None
    actors: tuple[Actor, ...]
    seen: frozenset[tuple[int, History]] = frozenset()  #: under which reign people saw what
    commits: int = 0
    faults: int = 0
    unreconciled: bool = False  #: a fail-over has been, and the writer has not looked since
    wiped: bool = False  #: all of Redis has been lost
    reported: bool = False  #: a loss was found and told
    past: frozenset[Object] = frozenset()  #: what the store has had, as far as it may go back
    reverts: int = 0  #: how often the store has gone back
    accepted: int = 0  #: how often an operator has accepted whatever it has
    shown_old: bool = False  #: an older text was shown, and Redis knew of a newer one


def reign_name(number: int) -> str:
    return f"r{number}"


def entered(record: Record, reign: int, head: int) -> Record:
    """Enters a reign into a record as `record_reign` in reign.lua does."""
    name = reign_name(reign)
    return record if record and record[-1].name == name else (*record, Reign(name, head))


def head_of(history: History) -> int:
    return len(history) - 1


def where(reign: int, server: Server) -> Whereabouts:
    move = server.move.to_text() if server.move is not None else ""
    head = head_of(server.history) if server.history is not None else None
    witness = None
    if server.witness is not None:
        history, edition = server.witness
        witness = Witness.of(1, head_of(history), edition, chain_of(history))
    return Whereabouts(reign_name(reign), head, 1, move, witness)


def chain_of(history: History) -> bytes:
    return blake2b(repr(history).encode(), digest_size=3).digest()


def cold_head(found: Object) -> ColdHead:
    head, chain = head_of(found.history), chain_of(found.history)
    return ColdHead(1, head, chain, found.mark, found.edition, 0, str(found.version))


@cache
def place(reign: int, here: Server, found: Object) -> PadPlace:
    """Decides as `ThawSteps.place_of` does, which also looks at the history behind the heads."""
    at = place_of(where(reign, here), cold_head(found))
    if here.witness is None or at not in (PadPlace.COLD, PadPlace.MOVING):
        return at
    history, edition = here.witness
    if len(history) >= len(found.history) or found.history[: len(history)] == history:
        return at
    return PadPlace.WENT_BACK if edition else PadPlace.LOST


def move_of(way: Way, found: Object, world: World) -> PadMove:
    """Returns a move that has never existed before."""
    at = 1 + max((move.at for move in moves_in(world)), default=0)
    return PadMove(way, 1, found.edition, reign_name(world.reign), at)


def moves_in(world: World) -> list[PadMove]:
    servers = [world.server, world.replica, *(actor.here for actor in world.actors)]
    found = [*(server.move for server in servers), *(actor.mine for actor in world.actors)]
    return [move for move in found if move is not None]


def begun() -> World:
    """Returns the world of a hot pad that the store has never seen."""
    history = (1,)
    server = Server(history, (Reign(reign_name(1), -1),))
    return World(server, server, 1, None, (), frozenset(((1, history),)), 1)


def marked(found: Object, mark: Mark, world: World) -> Object:
    return found._replace(mark=mark, version=new_version(world))


def new_version(world: World) -> int:
    """Returns a version that nothing has had: the store may have gone back to one that others have
    followed."""
    known = (world.store, *world.past, *(actor.found for actor in world.actors))
    return 1 + max((found.version for found in known if found is not None), default=0)


class Rules:
    """The steps that may happen. `broken` names a rule about the order of steps that is left out,
    to show that the walk would notice."""

    def __init__(self, *, commits: int, faults: int, reverts: int = 0, broken: str = "") -> None:
        self.commits = commits
        self.faults = faults
        self.reverts = reverts
        self.broken = broken

    def after(self, world: World) -> Iterator[World]:
        """Yields every world that may come next."""
        yield from self._outside(world)
        for number, actor in enumerate(world.actors):
            for changed, then in self._step(world, actor):
                actors = list(world.actors)
                actors[number] = then
                yield self._remembered(world, changed)._replace(actors=tuple(actors))
            if actor.at != "idle":
                actors = list(world.actors)
                actors[number] = Actor()
                yield world._replace(actors=tuple(actors))

    def _remembered(self, before: World, world: World) -> World:
        """Returns the world with what the store had before, if it may yet go back to it."""
        if before.store is None or before.store == world.store or world.reverts >= self.reverts:
            return world
        was = before.store
        # Of those that differ only by their edition or version, the newest is enough: otherwise
        # there would be no end of them.
        alike = {found for found in world.past if found[:3] == was[:3]}
        return world._replace(past=(world.past - alike) | {was})

    def _outside(self, world: World) -> Iterator[World]:
        server = world.server
        if world.reverts < self.reverts:
            for earlier in world.past:
                yield world._replace(store=earlier, reverts=world.reverts + 1, past=frozenset())
        history, edition = server.witness or ((), 0)
        if edition and world.accepted < world.reverts:
            reign = world.reign if self.broken == "reign at accept" else world.reign + 1
            accepted = server._replace(witness=(history, 0))
            yield world._replace(server=accepted, reign=reign, accepted=world.accepted + 1)
        if server.history is not None and world.commits < self.commits:
            number = world.commits + 1
            history = (*server.history, number)
            record = entered(server.record, world.reign, head_of(server.history))
            yield world._replace(
                server=server._replace(history=history, record=record),
                seen=world.seen | {(world.reign, history)},
                commits=number,
            )
        if world.replica != server and world.faults < self.faults:
            yield world._replace(replica=server)
        if world.faults < self.faults:
            yield world._replace(
                server=world.replica,
                reign=world.reign + 1,
                faults=world.faults + 1,
                unreconciled=True,
            )
            # All of Redis is gone: an empty server, or the same one, emptied. Its partition's reign
            # has the same name then.
            empty = world._replace(
                server=Server(), replica=Server(), faults=world.faults + 1, wiped=True
            )
            yield empty
            yield empty._replace(reign=world.reign + 1)

    def _step(self, world: World, actor: Actor) -> Iterator[tuple[World, Actor]]:
        name = actor.at.partition(" ")[0]
        yield from getattr(self, f"_{name}")(world, actor)

    # --- Beginning -------------------------------------------------------------------------------

    def _idle(self, world: World, _: Actor) -> Iterator[tuple[World, Actor]]:
        server = world.server
        if server.history is None:
            yield world, Actor("thaw", world.reign, server)
        else:
            yield world, Actor("append", world.reign, server, world.store)
        if server.move is not None:
            yield world, Actor("late", world.reign, server)
        if world.unreconciled:
            yield world, Actor("reconcile", found=world.store)

    # --- A thaw ----------------------------------------------------------------------------------

    def _thaw(self, world: World, actor: Actor) -> Iterator[tuple[World, Actor]]:
        found = world.store
        if found is None:
            yield world, Actor()
            return
        match place(actor.reign, actor.here, found):
            case PadPlace.LOST:
                yield world, actor._replace(at="announce lost", found=found)
            case PadPlace.COLD | PadPlace.MOVING:
                yield world, actor._replace(at="announce thaw", found=found)
            case PadPlace.WENT_BACK:
                at = "announce thaw" if self.broken == "witness at thaw" else "idle"
                yield world, actor._replace(at=at, found=found) if at != "idle" else Actor()

    def _announce(self, world: World, actor: Actor) -> Iterator[tuple[World, Actor]]:
        server, found = world.server, actor.found
        assert found is not None
        if not self._is_unchanged(world, actor):
            yield world, Actor()
            return
        move = move_of("lost" if actor.at.endswith("lost") else "thaw", found, world)
        after = "fetch marked" if self.broken == "mark before" else "fetch"
        then = actor._replace(at=after, mine=move, here=Server())
        yield world._replace(server=server._replace(move=move)), then

    def _is_unchanged(self, world: World, actor: Actor) -> bool:
        """Returns what fetching.lua compares."""
        server, here = world.server, actor.here
        same = (server.move, server.witness) == (here.move, here.witness)
        return world.reign == actor.reign and same and server.history is None

    def _fetch(self, world: World, actor: Actor) -> Iterator[tuple[World, Actor]]:
        """Sets the mark and stages the history that was read before, in either order."""
        server, found = world.server, actor.found
        assert found is not None
        assert actor.mine is not None
        is_marked, is_staged = "marked" in actor.at, "staged" in actor.at
        if not is_staged:
            staged = server.staged | {(actor.mine.at, found.history)}
            then = actor._replace(at="install" if is_marked else "fetch staged")
            yield world._replace(server=server._replace(staged=staged)), then
        if is_marked:
            return
        over = world.store if self.broken == "over what was read" else found
        if world.store is None or world.store != over:
            yield world, Actor()
            return
        live = marked(world.store, "live", world)
        then = actor._replace(
            at="install" if is_staged else "fetch marked",
            found=live._replace(history=found.history, record=found.record),
        )
        yield world._replace(store=live), then

    def _install(self, world: World, actor: Actor) -> Iterator[tuple[World, Actor]]:
        server, found = world.server, actor.found
        assert found is not None
        assert actor.mine is not None
        lost = actor.mine.way == "lost"
        name = server.move.name if server.move is not None else ""
        same = name == actor.mine.name or self.broken == "move at install"
        staged = dict(server.staged).get(actor.mine.at)
        if world.reign != actor.reign or server.history is not None or not same or staged is None:
            yield world, Actor()
            return
        record, reign, head = found.record, world.reign, head_of(staged)
        had, edition = server.witness or ((), 0)
        is_old = bool(edition) and staged[: len(had)] != had
        if lost and self.broken != "reign after loss":
            record = (*record, Reign(f"lost-{world.commits}", head))
            if any(known.name == reign_name(reign) for known in record[:-1]):
                reign += 1  # a name that is past is given to no other
        record = entered(record, reign, head)
        yield (
            world._replace(
                server=Server(staged, record, None, server.staged),
                reign=reign,
                reported=world.reported or lost,
                shown_old=world.shown_old or is_old,
            ),
            Actor(),
        )

    # --- Write-behind, and a freeze --------------------------------------------------------------

    def _append(self, world: World, actor: Actor) -> Iterator[tuple[World, Actor]]:
        if world.store != actor.found:
            yield world, Actor()
            return
        history, known = actor.here.history, world.store
        assert history is not None
        brought = Object(
            "live",
            history,
            actor.here.record,
            known.edition + 1 if known is not None else 1,
            new_version(world),
        )
        after = actor._replace(at="freeze", found=brought)
        if self.broken == "frozen after":
            yield world._replace(store=brought), actor._replace(at="early", found=brought)
        else:
            yield world._replace(store=brought), after

    def _early(self, world: World, actor: Actor) -> Iterator[tuple[World, Actor]]:
        """Says that it is frozen before it is."""
        if world.store != actor.found or world.store is None:
            yield world, Actor()
            return
        frozen = marked(world.store, "frozen", world)
        yield world._replace(store=frozen), actor._replace(at="freeze", found=frozen)

    def _freeze(self, world: World, actor: Actor) -> Iterator[tuple[World, Actor]]:
        server, found = world.server, actor.found
        assert found is not None
        same = server.history == actor.here.history or self.broken == "unchanged at freeze"
        if world.reign != actor.reign or not same or server.history is None:
            yield world, Actor()
            return
        move = None if self.broken == "move at freeze" else move_of("freeze", found, world)
        then = Actor("arrive", found=found, mine=move)
        witness = (found.history, found.edition)
        yield world._replace(server=Server(None, (), move, server.staged, witness)), then

    def _arrive(self, world: World, actor: Actor) -> Iterator[tuple[World, Actor]]:
        if world.store != actor.found or world.store is None:
            yield world, Actor()
            return
        frozen = marked(world.store, "frozen", world)
        yield world._replace(store=frozen), actor._replace(at="clear", found=frozen)

    def _clear(self, world: World, actor: Actor) -> Iterator[tuple[World, Actor]]:
        server = world.server
        if server.move == actor.mine:
            server = server._replace(move=None)
        yield world._replace(server=server), Actor()

    # --- What a process that ended has left ------------------------------------------------------

    def _late(self, world: World, actor: Actor) -> Iterator[tuple[World, Actor]]:
        found, here = world.store, actor.here
        after = Actor()
        left = here.history is None and here.move is not None
        if left and found is not None:
            at = place(actor.reign, here, found)
            if at not in (PadPlace.LOST, PadPlace.WENT_BACK):
                after = actor._replace(at="take", found=found)
        yield world, after

    def _take(self, world: World, actor: Actor) -> Iterator[tuple[World, Actor]]:
        server, found = world.server, actor.found
        assert found is not None
        if not self._is_unchanged(world, actor):
            yield world, Actor()
            return
        move = move_of("freeze", found, world)
        then = Actor("arrive", found=found, mine=move)
        yield world._replace(server=server._replace(move=move)), then

    def _reconcile(self, world: World, actor: Actor) -> Iterator[tuple[World, Actor]]:
        found = actor.found
        if found is None or found.mark == "live" or world.server.history is None:
            yield world._replace(unreconciled=False), Actor()
        elif world.store == found:
            yield world._replace(store=marked(found, "live", world), unreconciled=False), Actor()
        else:
            yield world, Actor()


# --- Worlds that are the same --------------------------------------------------------------------


def plain(world: World) -> World:
    """Returns the same world with its editions and versions numbered by their order and its actors
    sorted, so that growing counters do not make new worlds."""
    known = (world.store, *world.past, *(a.found for a in world.actors))
    objects = [o for o in known if o is not None]
    moves = moves_in(world)
    times = _ranks(move.at for move in moves)
    versions = _ranks(o.version for o in objects)
    servers = [world.server, world.replica, *(a.here for a in world.actors)]
    witnessed = [s.witness[1] for s in servers if s.witness is not None and s.witness[1]]
    editions = _ranks([*(o.edition for o in objects), *(t.edition for t in moves), *witnessed])

    def of_object(found: Object | None) -> Object | None:
        if found is None:
            return None
        return found._replace(version=versions[found.version], edition=editions[found.edition])

    def of_move(move: PadMove | None) -> PadMove | None:
        if move is None:
            return None
        return move._replace(edition=editions[move.edition], at=times[move.at])

    # What nobody is about to put in its place any more is as good as not there.
    wanted = {a.mine.at for a in world.actors if a.mine is not None and a.at != "arrive"}

    def of_server(server: Server) -> Server:
        staged = frozenset((times[at], kept) for at, kept in server.staged if at in wanted)
        witness = server.witness
        if witness is not None and witness[1]:
            witness = (witness[0], editions[witness[1]])
        return server._replace(move=of_move(server.move), staged=staged, witness=witness)

    actors = [
        Actor(
            actor.at,
            actor.reign,
            of_server(actor.here),
            of_object(actor.found),
            of_move(actor.mine),
        )
        for actor in world.actors
    ]
    return world._replace(
        server=of_server(world.server),
        replica=of_server(world.replica),
        store=of_object(world.store),
        past=frozenset(found for found in map(of_object, world.past) if found is not None),
        actors=tuple(sorted(actors, key=hash)),
    )


def _ranks(numbers: Iterable[int]) -> dict[int, int]:
    return {number: rank for rank, number in enumerate(sorted(set(numbers)), 1)}


# --- What has to hold ----------------------------------------------------------------------------


def faults_of(world: World) -> Iterator[str]:
    """Yields everything that is wrong with a world."""
    history = world.server.history
    if history is not None:
        for reign, known in world.seen:
            # Who comes back goes on if the code says that he shares the history.
            limit = shared_up_to(world.server.record, reign_name(reign))
            rev = head_of(known)
            goes_on = rev <= head_of(history) and (limit is None or rev <= limit)
            if goes_on and history[: len(known)] != known:
                yield "I5: somebody goes on with another history"
    if world.shown_old:
        yield "an older text is shown, and Redis knew of a newer one"
    if world.reported and not (world.faults or world.reverts or world.accepted):
        yield "a loss was told, and nothing had failed"
    everything = tuple(range(1, world.commits + 1))
    if not world.faults and not world.accepted and (history is not None or not world.reverts):
        kept = world.store.history if world.store is not None else ()
        if (kept if history is None else history) != everything:
            yield "something is lost, and nothing had failed"
    told = world.reported or world.reverts or not (world.wiped and world.faults == 1)
    if history is not None and not told and not set(everything) <= set(history):
        yield "commits are gone with Redis, and nobody was told"
