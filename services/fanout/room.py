"""One pad on one worker: its feed, its sessions here, and who is on it anywhere."""

import asyncio
import logging
from collections.abc import Coroutine, Iterator
from functools import partial
from time import monotonic
from typing import Any

from redis.exceptions import RedisError

from services.fanout import frames, metrics
from services.fanout.beside import Beside
from services.fanout.catchup import HistoryLost, catch_up
from services.fanout.client_vars import Greeting
from services.fanout.exit import OVERFLOW
from services.fanout.express import push
from services.fanout.feed import Doubt, Feed, Gap
from services.fanout.people import People
from services.fanout.runs import Flush
from services.fanout.session import Flushed, Session, new_session_id
from services.fanout.turns import Turn, Turns
from shared.log import presence
from shared.log.announcements import (
    Announcement,
    Relayed,
    RevisionSaved,
    Said,
    SettingsChanged,
)
from shared.log.connect import UNREACHABLE, Redis
from shared.log.document import CorruptPad, Document, load
from shared.log.history import HistoryGap, PadMeta, read_revisions, read_told_meta
from shared.log.keys import PadKeys
from shared.log.records import (
    ChannelMessage,
    Committed,
    Deleted,
    Joined,
    Left,
    Origin,
    Outcome,
    Replaced,
    Revision,
    Unsettled,
    UserInfo,
)

log = logging.getLogger(__name__)

RETRY_DELAY = 0.2
READ_STEP = 200
"""Revisions per read when filling a gap or catching a session up."""

SENT_INTERVAL = 0.1
"""Seconds between two looks at a session that is slow to take what it is sent: a matter of seconds
anyway, and rare."""

GREETING_AGE = 0.25
"""Seconds that those who join a large and busy pad may be given it as it was, and what came since
behind it."""

SESSIONS_PER_STEP = 32
"""Sessions that a flush serves between two looks at the clock: some 200 µs."""

QUESTIONS_SHARE = 16
"""One in so many sessions is asked in the same flush, for the sake of measuring, what has
arrived."""


class Room:
    """Follows a pad for as long as sessions of this worker are on it, or about to be."""

    def __init__(
        self, redis: Redis, pad_id: str, keys: PadKeys, turns: Turns, *, ring: int
    ) -> None:
        self.pad_id = pad_id
        self.keys = keys
        self.epoch = 0
        self.reign = ""  #: under which all of the feed was found to be the pad's history
        self.feed = Feed(-1, ring)
        self.frames = frames.Frames()
        self.sessions: dict[str, Session] = {}
        self.arriving: dict[str, Session] = {}
        """Sessions in the middle of joining: they have inbox entries, but no cursor yet."""
        self.users = 0  #: joins under way and sessions; the room closes at 0
        self.opened: asyncio.Task[None] | None = None
        self.origin = Origin(new_session_id(), 1)
        """Of what the room itself puts into the inbox, which is only the pad's creation."""
        self._redis = redis
        self._ring = ring
        self._document = Document()
        self._early: list[ChannelMessage | Announcement] | None = []
        self._greeting: Greeting | None = None
        self._greeting_until = 0.0
        self._greeting_lock = asyncio.Lock()
        self._changed = asyncio.Event()
        self._turn = Turn(turns, self._flush_all)
        self.people = People(self._turn.due)
        self.beside = Beside(redis, keys, self.people.tell, self._send_to_some)
        self._unsent_since: float | None = None
        self._leaving: list[Left] = []
        self._parting: asyncio.Task[None] | None = None
        self._repairing: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # --- Opening and closing ---------------------------------------------------------------------

    async def open(self) -> None:
        """Reads the pad. The channel must be subscribed already: what it brings meanwhile is kept
        aside and taken in after, so nothing falls between (subscribe, read, merge)."""
        await self._load()
        self.people.roster.replace(await presence.members(self._redis, self.keys))
        await self.beside.open()
        early, self._early = self._early or [], None
        for message in early:
            self.take(message)

    async def _load(self) -> None:
        self._begin(*await self._read())

    async def _read(self) -> tuple[PadMeta, Document]:
        while True:
            meta = await read_told_meta(self._redis, self.keys)
            document = Document(meta.epoch)
            if not meta.exists:
                return meta, document
            try:
                await load(self._redis, self.keys, meta, document)
                return meta, document
            except CorruptPad:
                # Several reads, between which it may have been deleted or rolled back.
                now = await read_told_meta(self._redis, self.keys)
                if (now.epoch, now.reign) == (meta.epoch, meta.reign) and now.head >= meta.head:
                    raise

    def _begin(self, meta: PadMeta, document: Document) -> None:
        """Follows the pad from here on."""
        self._document, self._greeting = document, None
        self.epoch, self.reign = meta.epoch, meta.reign
        self.feed = Feed(document.head, self._ring, document.chain)
        self.frames.clear()

    def close(self) -> None:
        self._turn.close()
        self.beside.close()
        for task in (self._repairing, *self._tasks):
            if task is not None:
                task.cancel()

    # --- The pad as it is ------------------------------------------------------------------------

    async def document(self) -> Document:
        """The pad's text at the feed's head. It is moved on only when somebody asks."""
        while True:
            try:
                for revision in self.feed.since(self._document.head):
                    self._document.replay(revision)
                return self._document
            except IndexError:
                # Nobody asked for longer than the feed reaches back.
                meta, document = await self._read()
                if document.head <= self.feed.head and meta.epoch == self.epoch:
                    self._document = document
                else:
                    await self.reached(document.head)

    async def greeting(self) -> Greeting | None:
        """The pad for somebody who joins; None if there is none. While it takes long to make, those
        who join within twenty times as long get the same."""
        async with self._greeting_lock:
            kept = self._greeting
            if (
                kept is not None
                and kept.epoch == self.epoch
                and self.feed.first <= kept.rev + 1
                and monotonic() < self._greeting_until
            ):
                return kept
            await self.people.get_to_know(self._redis, (await self.document()).authors())
            document = await self.document()
            if not document.exists:
                return None
            began = monotonic()
            authors = self.people.known_of(document.authors())
            self._greeting = Greeting(document, authors, self.epoch)
            cost = monotonic() - began
            self._greeting_until = began + min(20 * cost, GREETING_AGE)
            return self._greeting

    async def reached(self, rev: int) -> None:
        """Returns when the feed has `rev`, or the pad has been deleted."""
        epoch = self.epoch
        while self.feed.head < rev and self.epoch == epoch:
            self._changed.clear()
            await self._changed.wait()

    async def sent(self, session: Session, rev: int) -> None:
        """Returns when the session has been sent everything up to `rev`, or is gone."""
        while session.cursor.sent_rev < rev and session.id in self.sessions:  # noqa: ASYNC110
            await asyncio.sleep(SENT_INTERVAL)

    # --- Sessions --------------------------------------------------------------------------------

    def enter(self, session: Session) -> None:
        """The session has its cursor, and from now on gets everything that follows."""
        self.arriving.pop(session.id, None)
        self.sessions[session.id] = session
        session.progressed = self._progressed
        session.news_at = self.people.news.end  # who is here already, it is told by itself
        metrics.SESSIONS.inc()
        self.flush(session)

    def is_duplicate(self, session: Session) -> bool:
        """Whether its author has come again since, in another window."""
        return not session.identity.embedded and self.people.roster.has_later(
            session.author, session.order
        )

    def remove(self, session: Session) -> bool:
        """Takes it off this worker; False if it was not on."""
        self.arriving.pop(session.id, None)
        if self.sessions.pop(session.id, None) is None:
            return False
        metrics.SESSIONS.dec()
        session.may_progress()  # so that a task that waits for it sees that it has gone
        session.waiting = True
        return True

    def drop_stalled(self, now: float, timeout: float) -> None:
        """Breaks the connections that have taken nothing for `timeout` seconds although there was
        something to take."""
        for session in list(self.sessions.values()):
            if session.is_stalled(now, timeout):
                log.info("stalled", extra={"pad": self.pad_id, "rev": session.cursor.sent_rev})
                self.drop(session, "stalled")

    # --- Flushing --------------------------------------------------------------------------------

    def _progressed(self, session: Session) -> None:
        if session.id in self.sessions:
            self.flush(session)

    def flush(self, session: Session) -> None:
        """Brings one session up to date, out of turn."""
        if not session.catching_up:
            flush = Flush(self.feed, self.frames, monotonic(), news=self.people.news)
            session.waiting = False
            self._serve(flush, session)
            metrics.sent(flush.finish())

    def _flush_all(self) -> Iterator[float]:
        """One turn of the room. Revisions that come during it are for the next one."""
        now = monotonic()
        if self._unsent_since is not None:
            metrics.HELD_SECONDS.observe(now - self._unsent_since)
            self._unsent_since = None
        sessions = list(self.sessions.values())
        questions = 1 + len(sessions) // QUESTIONS_SHARE
        flush = Flush(self.feed, self.frames, now, news=self.people.news, questions=questions)
        serve = partial(self._serve, flush)
        for start in range(0, len(sessions), SESSIONS_PER_STEP):
            if self.feed is not flush.feed:
                break  # the pad was deleted meanwhile
            push(flush, sessions[start : start + SESSIONS_PER_STEP], serve)
            yield flush.kernel_seconds()
        metrics.sent(flush.finish())

    def _serve(self, flush: Flush, session: Session) -> None:
        match session.flush(flush):
            case Flushed.WAITING:
                self._wait_for(session)
            case Flushed.BEHIND:
                session.catching_up = session.waiting = True
                self._spawn(self._catch_up(session))
            case Flushed.LOST_TOUCH:
                self.drop(session, "overflow")

    def _wait_for(self, session: Session) -> None:
        """Leaves the session out until its socket has taken what it was given, or its client
        acknowledges some of it. What it lacks meanwhile is kept nowhere but in the feed (I6)."""
        session.waiting = True
        # With the window full, room in the socket is no progress: asked for it, the socket would
        # say so again and again.
        if session.exit.backlog > 0 and session.window.room > 0:
            session.exit.when_drained(session.may_progress)

    async def _catch_up(self, session: Session) -> None:
        epoch = self.epoch
        try:
            await catch_up(
                self._redis,
                self.keys,
                session,
                lambda: self.feed.first,
                lambda: session.id in self.sessions and self.epoch == epoch,
            )
        except HistoryLost as error:
            log.error("history not readable", extra={"pad": self.pad_id, "error": str(error)})
            self.drop(session, "history")
        session.catching_up = False
        self._progressed(session)

    def drop(self, session: Session, why: str) -> None:
        """Breaks the session's connection; its client comes back and resumes."""
        metrics.DROPPED.labels(why).inc()
        session.exit.end()

    def reply(self, session: Session, frame: frames.Frame) -> None:
        """An answer to the session alone. A client that goes on asking and takes no answers is let
        go: they would pile up here."""
        if session.exit.backlog > OVERFLOW:
            self.drop(session, "overflow")
        else:
            session.send(frame)

    def _send_to_some(self, frame: frames.Frame, relayed: Relayed) -> None:
        for session in list(self.sessions.values()):
            if (
                relayed.author in ("", session.author)
                and not (relayed.writers and session.identity.read_only)
                and relayed.but != session.id
            ):
                self.reply(session, frame)

    def kick(self, session: Session, reason: str) -> None:
        """Tells a client that it has to leave, for a reason that Etherpad's page knows."""
        metrics.DISCONNECTS.labels(reason).inc()
        session.send(frames.packet({"disconnect": reason}))
        self.remove(session)

    def kick_and_say(self, session: Session, reason: str) -> None:
        """As `kick`, and the others see it leave."""
        if session.id in self.sessions:
            self.kick(session, reason)
            self._spawn(self.say_left(session))

    # --- The channel -----------------------------------------------------------------------------

    def take(self, message: ChannelMessage | Announcement) -> None:
        """A message of the pad's channel."""
        if self._early is not None:
            self._early.append(message)
            return
        match message:
            case Committed():
                self._committed(message)
            case Joined():
                self._joined(message)
            case Left():
                self.people.left(message)
            case UserInfo():
                self.people.changed(message)
            case Deleted(epoch):
                self._deleted(epoch)
            case Said() | RevisionSaved() | SettingsChanged() | Relayed():
                self.beside.take(message)
            case Unsettled():
                self.repair()
            case Replaced(epoch):
                self._deleted(epoch, "rejected")
                self.repair()

    def _committed(self, message: Committed) -> None:
        if message.epoch > self.epoch:
            # The message about the pad's deletion was lost.
            self._deleted(message.epoch)
        if message.epoch < self.epoch:
            return
        for outcome in message.outcomes:
            self._outcome(outcome)
        match self._advance(message.revisions):
            case Gap(first, last):
                metrics.GAPS.inc()
                log.info("gap", extra={"pad": self.pad_id, "first": first, "last": last})
                self.repair()
            case Doubt(rev):
                log.info("doubtful revision", extra={"pad": self.pad_id, "rev": rev})
                self.repair()
            case None if message.revisions and self.feed.head >= message.revisions[-1].rev:
                self._holds_under(message.reign)
            case None if message.reign != self.reign:
                self.repair()

    def _advance(self, revisions: list[Revision]) -> Gap | Doubt | None:
        before = self.feed.head
        trouble = self.feed.offer(revisions)
        moved = self.feed.head > before
        metrics.REVISIONS.value += self.feed.head - before
        if moved:
            metrics.arrived_in_feed(next(r.time for r in revisions if r.rev > before))
            self._unsent_since = self._unsent_since or monotonic()
            self._turn.due()
            self._changed.set()
        return trouble

    def _outcome(self, outcome: Outcome) -> None:
        origin = outcome.origin
        session = self.sessions.get(origin.session) or self.arriving.get(origin.session)
        if session is None or origin.seq not in session.pending:
            return
        if outcome.kind == "accepted":
            # Settled when its ACCEPT_COMMIT has gone out.
            session.cursor.accepted.append((outcome.rev, origin.seq))
            self._turn.due()
        else:
            session.settle(origin.seq, outcome)

    def _joined(self, joined: Joined) -> None:
        self.people.joined(joined)
        self._part_from_earlier_sessions(joined)

    def _part_from_earlier_sessions(self, joined: Joined) -> None:
        """An author is on a pad once: who comes again in another window takes over."""
        if not joined.member.embedded:
            for other in self.people.roster.sessions_of(joined.member.author):
                session = self.sessions.get(other)
                if session is not None and self.is_duplicate(session):
                    self.kick_and_say(session, "userdup")

    def _deleted(self, epoch: int, reason: str = "deleted") -> None:
        """What was the pad is gone. `reason` is what those are told who are here: "rejected" asks
        them to reload, since there is another pad in its place."""
        if epoch <= self.epoch:
            return
        for session in [*self.sessions.values(), *self.arriving.values()]:
            # With the pad, whatever was asked of it is settled.
            for seq in list(session.pending):
                session.settle(seq, None)
        for session in list(self.sessions.values()):
            self.kick(session, reason)
        self.epoch = epoch
        self.feed = Feed(-1, self._ring)
        self.frames.clear()
        self._document, self._greeting = Document(epoch), None
        self.people.roster.replace(())
        self.beside.forget()
        self._changed.set()

    async def say_left(self, session: Session) -> None:
        """Takes a session out of the members that all workers see."""
        color = self.people.color_of(session.author)
        self._leaving.append(Left(session.id, session.author, color))
        if self._parting is None:
            self._parting = asyncio.create_task(self._say_who_left())
        await asyncio.shield(self._parting)

    async def _say_who_left(self) -> None:
        """In one call for all who leave together, as when a network goes away."""
        await asyncio.sleep(0)
        leaving, self._leaving, self._parting = self._leaving, [], None
        try:
            await presence.leave(self._redis, self.keys, leaving)
        except (*UNREACHABLE, RedisError) as error:
            # Whoever counts the workers takes them out once this one is gone, or a later session
            # of these authors does.
            log.warning("leave not recorded", extra={"pad": self.pad_id, "error": str(error)})

    # --- Repair ----------------------------------------------------------------------------------

    def resubscribed(self) -> None:
        """The channel had been lost: anything may have been missed."""
        self.repair()
        self.beside.refresh()
        self._spawn(self._refresh_roster())

    def repair(self) -> None:
        """Reads from the stream what the feed lacks; one such read at a time."""
        if self._repairing is None or self._repairing.done():
            self._repairing = asyncio.create_task(self._repair())

    def differs(self, head: int, epoch: int, chain: bytes, had: int) -> bool:
        """Whether what is stored is not what the feed holds, which was at `had` before the
        stored values were asked for."""
        return (
            head > self.feed.head
            or head < had
            or epoch != self.epoch
            or self.feed.chain_at(head) not in (None, chain)
        )

    async def repaired(self) -> None:
        """Returns when the feed has what is in the stream by now."""
        self.repair()
        if self._repairing is not None:
            await asyncio.wait([self._repairing])

    async def _repair(self) -> None:
        metrics.REPAIRS.inc()
        while True:
            try:
                if await self._compare():
                    return
                await self._start_over()
            except UNREACHABLE as error:
                log.warning("repair put off", extra={"pad": self.pad_id, "error": str(error)})
                await asyncio.sleep(RETRY_DELAY)
            except (HistoryGap, CorruptPad, ValueError):
                log.exception("pad not readable", extra={"pad": self.pad_id})
                return

    async def _compare(self) -> bool:
        """Brings the feed up to what is stored; False if that is another history."""
        had = self.feed.head
        meta = await read_told_meta(self._redis, self.keys)
        if meta.epoch > self.epoch:
            self._deleted(meta.epoch, "rejected" if meta.exists else "deleted")
            had = -1
        if meta.epoch < self.epoch or meta.head < had:
            return False
        if self.feed.head < 0 <= meta.head:
            # Nobody here has any of it, so there is no need for all of it: it may be very long.
            meta, document = await self._read()
            if meta.epoch != self.epoch:
                return await self._compare()
            if self.feed.head < 0:
                self._begin(meta, document)
                self._changed.set()
        while self.feed.head < meta.head:
            first = self.feed.head + 1
            last = min(first + READ_STEP - 1, meta.head)
            revisions = await read_revisions(self._redis, self.keys, first, last)
            if not revisions or isinstance(self._advance(revisions), Doubt):
                return False  # deleted or rolled back while we read; the next look tells
            self._holds_under(meta.reign)
        if self.feed.chain_at(meta.head) not in (None, meta.chain):
            return False
        self._holds_under(meta.reign)
        return True

    def _holds_under(self, reign: str) -> None:
        """The feed has been found to be the pad's history under this reign too, and so is what the
        sessions here have been sent of it. To be called before they are sent more."""
        if reign != self.reign:
            self.reign = reign
            self.vouch([session.author for session in self.sessions.values()])

    def vouch(self, authors: list[str]) -> None:
        """Puts on record that these authors' sessions are on the present history. Should that not
        succeed, they would be told to reload without need."""
        if authors:
            self._spawn(self._vouch(list(set(authors)), self.epoch, self.reign))

    async def _vouch(self, authors: list[str], epoch: int, reign: str) -> None:
        while (self.epoch, self.reign) == (epoch, reign):
            try:
                await presence.vouch(self._redis, self.keys, authors, epoch=epoch, reign=reign)
                return
            except UNREACHABLE:
                await asyncio.sleep(RETRY_DELAY)

    async def _start_over(self) -> None:
        """Revisions that clients have seen are gone: a fail-over to a replica that lacked them, or
        a server that came back with less than it had. Who has seen them is told to reload; a page
        that stayed would be on a history of its own (I5)."""
        old = self.feed
        meta, document = await self._read()
        kept = await self._common(old, meta)
        # From here on nothing is awaited: nobody may join what is about to go.
        affected = [s for s in self.sessions.values() if s.cursor.sent_rev > kept]
        log.error(
            "history rolled back",
            extra={
                "pad": self.pad_id,
                "lost_from": kept + 1,
                "lost_to": old.head,
                "head": meta.head,
                "sessions_told_to_reload": len(affected),
            },
        )
        metrics.ROLLBACKS.inc()
        for session in [*self.sessions.values(), *self.arriving.values()]:
            for seq in list(session.pending):
                session.settle(seq, None)
        for session in affected:
            self.kick_and_say(session, "rejected")
        for session in list(self.sessions.values()):
            self.drop(session, "rollback")
        self._begin(meta, document)
        self._changed.set()

    async def _common(self, old: Feed, meta: PadMeta) -> int:
        """The last revision of the feed that is in the stored history still; -1 if none can be
        found. The chain covers all that went before, so halving finds it."""
        if meta.epoch != self.epoch:
            return -1
        low, high = min(old.first, old.head), min(old.head, meta.head)
        found = -1
        while low <= high:
            middle = (low + high) // 2
            stored = await read_revisions(self._redis, self.keys, middle, middle)
            if stored and stored[0].chain == old.chain_at(middle):
                found, low = middle, middle + 1
            else:
                high = middle - 1
        return found

    async def _refresh_roster(self) -> None:
        while True:
            try:
                fresh = await presence.members(self._redis, self.keys)
                break
            except UNREACHABLE:
                await asyncio.sleep(RETRY_DELAY)
        for joined in self.people.replace(fresh):
            self._part_from_earlier_sessions(joined)

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
