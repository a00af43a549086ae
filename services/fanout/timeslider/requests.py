"""This module serves CHANGESET_REQ: it gathers what is needed for the answer, and answers."""

import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any, NamedTuple

from padfleet.services.fanout.delivery.session import Session
from padfleet.services.fanout.errors import ClientError
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.requests.onlooker import Onlooker
from padfleet.services.fanout.timeslider.changeset_request import (
    MOST_REVISIONS,
    ChangesetRequest,
    Range,
    granules_of,
    parse,
)
from padfleet.services.fanout.timeslider.granules import BLANK, Granules, Keyframe, Player
from padfleet.services.fanout.timeslider.helper import HelperFailed, HistoryHelper
from padfleet.services.fanout.timeslider.job import HistoryAnswer, HistoryJob, StoredPart
from padfleet.services.fanout.timeslider.past import History, PadPast, ReadersPast, RoomsPast
from padfleet.services.fanout.timeslider.shelf import Shelf
from padfleet.services.fanout.transport.packets import Frame
from padfleet.shared.limited import FairQueue, QueueFull
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.pad.history import HistoryGap
from padfleet.shared.payers import Payer
from padfleet.shared.wire.jsontext import dumps

log = logging.getLogger(__name__)

MOST_BYTES = 32 << 20
"""How many bytes the stored form of these revisions may have. If it has more, the answer has fewer
granules."""

SECONDS = 10.0
"""The helper starts no further granule after this many seconds."""

AT_ONCE = 4
"""How many requests are worked on at the same time, with turns by address. An address has at most
`OF_ADDRESS` of them, so that others never have to wait for all of its requests."""

OF_ADDRESS = 2

MOST_WAITING = 64
"""How many requests may wait on a worker. The address with the most of these places gives one up
for others."""

QUEUED_OF_ADDRESS = 4
"""How many requests of one address may have a place on the worker; its other requests wait for
these places, with turns by author."""

MOST_OF_ONE = 4
"""How many requests of one session may be in progress. A page sends one after another."""

ANSWERS_BYTES = 16 << 20
KEYFRAMES_BYTES = 16 << 20
"""How many bytes of results are kept for later requests, since the past does not change."""


Check = Callable[[], None]


class _Asker(NamedTuple):
    """Who asks, for the limits, and about which pad."""

    id: str
    author: str
    payer: Payer
    pad: str


class Timeslider:
    """Answers requests for the history of pads, for all sessions of the worker."""

    def __init__(self, redis: Redis, helper: HistoryHelper) -> None:
        self._redis = redis
        self._helper = helper
        self._under_way: Counter[str] = Counter()  # by session
        self._turns = FairQueue(AT_ONCE, waiting=MOST_WAITING, of_one=MOST_WAITING, each=OF_ADDRESS)
        self._lines: dict[Payer, FairQueue] = {}  #: one for the authors of each address
        self._answers: Shelf[tuple[History, Range], bytes] = Shelf(ANSWERS_BYTES)
        self._keyframes: Shelf[tuple[History, int], Keyframe] = Shelf(KEYFRAMES_BYTES)

    @asynccontextmanager
    async def _turn(self, payer: Payer, author: str) -> AsyncIterator[None]:
        """Waits for the request's turn. Turns alternate between addresses, and within an address
        between authors: a whole school has one address, and a single pupil must not use up what is
        there for the others. Raises `QueueFull`."""
        line = self._lines.get(payer)
        if line is None:
            line = self._lines[payer] = FairQueue(
                QUEUED_OF_ADDRESS, waiting=MOST_WAITING, of_one=MOST_WAITING
            )
        try:
            async with line.turn(author), self._turns.turn(payer):
                yield
        finally:
            if not line.running and not line.waiting:
                self._lines.pop(payer, None)

    async def asked(
        self, room: Room, session: Session, message: dict[str, Any], *, payer: Payer
    ) -> None:
        """Answers a request; `payer` is whom the client's address counts as. Raises `ClientError`,
        or what `UNREACHABLE` lists."""

        def check_there() -> None:
            if session.exit.closed or session.id not in room.sessions:
                raise ClientError("client disconnected")

        async def past() -> PadPast:
            return RoomsPast(self._redis, room)

        who = _Asker(session.id, session.author, payer, room.pad_id)
        room.reply(session, await self._answered(who, message, past, check_there))

    async def asked_from_outside(
        self, onlooker: Onlooker, message: dict[str, Any], *, payer: Payer
    ) -> None:
        """Does what `asked` does for somebody who is on no pad."""

        async def past() -> PadPast:
            return ReadersPast(await onlooker.reader())

        identity = onlooker.identity
        who = _Asker(onlooker.id, identity.author, payer, identity.pad_id)
        onlooker.reply(await self._answered(who, message, past, onlooker.check_there))

    async def _answered(
        self,
        who: _Asker,
        message: dict[str, Any],
        past: Callable[[], Awaitable[PadPast]],
        check_there: Check,
    ) -> Frame:
        """Returns the answer to a request about a `past`, which is opened when it is the request's
        turn."""
        request = parse(message)
        if self._under_way[who.id] >= MOST_OF_ONE:
            raise ClientError("too many requests for history at once; try again in a moment")
        self._under_way[who.id] += 1
        try:
            async with self._turn(who.payer, who.author):
                check_there()
                members = await self._members(await past(), request, check_there)
        except QueueFull as error:
            raise ClientError(f"too many requests for history at once: {error}") from None
        except (HistoryGap, CorruptPad, HelperFailed) as error:
            log.error("history unavailable", extra={"pad": who.pad, "error": str(error)})
            raise ClientError("the history cannot be read at the moment") from error
        finally:
            self._under_way -= Counter({who.id: 1})
        check_there()
        request_id = dumps(request.request_id).encode()
        return Frame(
            b'42["message",{"type":"CHANGESET_REQ","data":{%b,"requestID":%b}}]'
            % (members, request_id)
        )

    async def close(self) -> None:
        await self._helper.close()

    async def _members(self, past: PadPast, request: ChangesetRequest, check_there: Check) -> bytes:
        """Returns the answer's `data` without braces and requestID. `check_there` raises
        `ClientError` when nobody wants it any more."""
        wanted = granules_of(request, past.head)
        if not wanted.granules:
            empty = Granules(Player(BLANK), wanted.start, request.granularity)
            return dumps(empty.data(wanted.end))[1:-1].encode()
        history = past.history
        known = self._answers.get((history, wanted))
        if known is not None:
            return known
        begin, parts, wanted_now = await self._gathered(past, wanted, check_there)
        check_there()
        job = HistoryJob(
            begin,
            parts,
            wanted_now.last,
            wanted.start,
            wanted.granularity,
            wanted_now.granules,
            wanted_now.end,
            SECONDS,
        )
        members = (await self._done(history, job)).data
        self._answers.put((history, wanted), members, len(members))
        return members

    async def _gathered(
        self, past: PadPast, wanted: Range, check_there: Check
    ) -> tuple[Keyframe, list[StoredPart], Range]:
        """Returns a keyframe, the stored revisions from there on, and the part of the range that
        they suffice for.

        If the keyframe is far away, the history up to the range is played first, in steps, so that
        it need not be in memory all at once, and other requests need not wait for all of it.
        """
        begin = await self._nearest(past, wanted.start - 1)
        while True:
            far = wanted.start - 1 - begin.rev
            upto = wanted.last if far <= MOST_REVISIONS else begin.rev + MOST_REVISIONS
            parts, last = await self._parts(past, begin, upto)
            granules = (last + 1 - wanted.start) // wanted.granularity
            if granules >= 1:
                return begin, parts, wanted.cut(min(granules, wanted.granules))
            if far == 0:
                raise ClientError("so many revisions are too large together; ask for fewer")
            last = min(last, wanted.start - 1)
            step = HistoryJob(begin, parts, last, last + 1, 1, 0, last + 1, SECONDS)
            check_there()
            begin = (await self._done(past.history, step)).keyframes[-1]

    async def _done(self, history: History, job: HistoryJob) -> HistoryAnswer:
        answer = await self._helper.do(job)
        if answer.fault:
            raise HistoryGap(answer.fault)
        for keyframe in answer.keyframes:
            self._keyframes.put((history, keyframe.rev), keyframe, keyframe.size)
        return answer

    async def _nearest(self, past: PadPast, rev: int) -> Keyframe:
        """Returns the last known keyframe that is not later than `rev`."""
        history = past.history
        known = [at for kept, at in self._keyframes if kept == history and at <= rev]
        best = BLANK
        if known:
            best = self._keyframes.get((history, max(known))) or BLANK
        if rev - best.rev > MOST_REVISIONS // 10:
            # The writer's snapshot may be nearer if somebody looks at the end of a long pad.
            snapshot = await past.snapshot()
            if (
                snapshot is not None
                and best.rev < snapshot.rev <= rev
                and snapshot.epoch == history[1]
            ):
                best = Keyframe(
                    snapshot.rev, snapshot.time, snapshot.text, snapshot.attribs, snapshot.pool
                )
        return best

    async def _parts(
        self, past: PadPast, begin: Keyframe, last: int
    ) -> tuple[list[StoredPart], int]:
        """Returns the stored form of the revisions after a keyframe, and the rev that it reaches
        up to."""
        parts: list[StoredPart] = []
        size = 0
        reached = begin.rev
        async with aclosing(past.parts(begin.rev + 1, last)) as stored:
            async for part in stored:
                length = len(part.chunk or b"") + sum(map(len, part.records))
                if parts and size + length > MOST_BYTES:
                    break
                parts.append((part.first, part.chunk, part.records))
                size += length
                reached = min(part.last, last)
        return parts, reached
