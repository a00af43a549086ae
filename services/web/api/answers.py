"""Limits answers that may be large: how many of them a worker makes at a time, and how many bytes
of them it keeps until the callers have received them.

A function in `LARGE` does not begin before there is room for roughly the size of its answer, and
its actual answer is kept only if there is room for it. The answers of all other functions are
small.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import nullcontext
from typing import Any, Final, NamedTuple

from aiohttp import web

from padfleet.services.web.api import arguments
from padfleet.services.web.api.context import Api, Fields, JsonAnswer, StreamedAnswer
from padfleet.services.web.api.sending import send
from padfleet.shared import refusals
from padfleet.shared.budget import Budget, NoRoom, Reservation
from padfleet.shared.limited import FairQueue
from padfleet.shared.log.pad.weight import weight
from padfleet.shared.payers import Payer
from padfleet.shared.tasks import aside
from padfleet.shared.wire.jsontext import dumps_in_pieces, is_long

LEAST: Final = 64 << 10
"""The least number of bytes that a call counts for in the budget."""

LISTED: Final = 512 << 10
"""The bytes that a list counts for whose length is not known beforehand."""

LARGE: Final[dict[str, int]] = {
    "getText": LEAST,
    "getHTML": LEAST,
    "createDiffHTML": LISTED,
    "getAttributePool": LEAST,
    "getRevisionChangeset": LEAST,
    "listAuthorsOfPad": LEAST,
    "getChatHistory": LISTED,
    "listAllPads": LISTED,
    "listPads": LISTED,
    "listPadsOfAuthor": LISTED,
    "listAllGroups": LISTED,
    "listSessionsOfGroup": LISTED,
    "listSessionsOfAuthor": LISTED,
    "padUsers": LISTED,
}
"""The functions that may answer more than some 64 KB, and the least that each of them counts for.
They change nothing, so they can be cancelled when their caller leaves."""

FROM_HISTORY: Final = frozenset({"createDiffHTML"})
"""The functions in `LARGE` that read old revisions, however large the pad is now."""

MADE_AT_ONCE: Final = 8
"""How many large answers are made at a time, taking turns by address; one address gets half of
this."""

WAITING: Final = 1000
"""How many calls may wait for such a turn."""

QUICK: Final = 256 << 10
"""Up to this many bytes, a call does not wait for such a turn."""

PATIENCE: Final = 10.0
"""How many seconds a call waits for room."""

END: Final = b"}"


class Large(NamedTuple):
    """The answer of a function in `LARGE`."""

    data: JsonAnswer | StreamedAnswer
    room: Reservation  #: held while the answer is being sent


class LargeAnswers:
    def __init__(self, api: Api, budget: Budget) -> None:
        """Makes large answers. `budget` counts the bytes of answers that have not been received
        yet."""
        self._api = api
        self._budget = budget
        self._turns = FairQueue(
            MADE_AT_ONCE, waiting=WAITING, of_one=WAITING, each=MADE_AT_ONCE // 2
        )

    async def made(
        self, name: str, caller: Payer, fields: Fields, make: Callable[[], Awaitable[Any]]
    ) -> Large:
        """Returns the answer of a function in `LARGE`, once there is room for it. Raises
        `NoRoom`, `QueueFull`, what `make` raises, or what `UNREACHABLE` lists."""
        size = LARGE[name] + 2 * await self._weight_of(fields)
        try:
            room = await self._budget.wait(size, PATIENCE, caller)
            # A small answer takes little to make, and waits only for those that came before it.
            is_quick = size <= QUICK and "rev" not in fields and name not in FROM_HISTORY
            async with nullcontext() if is_quick else self._turns.turn(caller):
                data = await make()
            if isinstance(data, StreamedAnswer):
                return Large(data, room)
            written = data if isinstance(data, JsonAnswer) else await _written(data)
            room.resize(len(written.text))
        except NoRoom:
            refusals.LIMITED.labels("answers").inc()
            raise
        return Large(written, room)

    async def _weight_of(self, fields: Fields) -> int:
        """Returns how many bytes are read for the pad that is asked about. Raises `ApiError` if
        there can be no pad of this name."""
        if "padID" not in fields:
            return 0
        keys = self._api.keyspace.pad(await arguments.pad_id(self._api, fields))
        return await weight(self._api.redis, keys)


async def _written(data: Any) -> JsonAnswer:
    return JsonAnswer((await aside(is_long(data), dumps_in_pieces, data)).encode())


async def send_large(request: web.Request, head: bytes, large: Large) -> web.StreamResponse:
    """Sends the answer as fast as the client receives it. `head` is what comes before the data."""
    response = web.StreamResponse()
    response.content_type, response.charset = "application/json", "utf-8"
    data, room = large
    if isinstance(data, JsonAnswer):
        response.content_length = len(head) + len(data.text) + len(END)
    try:
        await send(request, response, _parts(head, data))
    finally:
        room.give_back()
    return response


async def _parts(head: bytes, data: JsonAnswer | StreamedAnswer) -> AsyncIterator[bytes]:
    yield head
    if isinstance(data, JsonAnswer):
        yield data.text
    else:
        async for piece in data.pieces:
            yield piece
    yield END
