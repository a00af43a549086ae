"""Answers that may be large: how many of them a worker makes at a time, and how much of them it
keeps until they have been taken.

A function that is in `LARGE` is not begun before there is room for what it will answer, roughly;
what it does answer is kept only where there is room for it. All other functions answer little.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import nullcontext
from typing import Any, Final, NamedTuple

from aiohttp import web

from padfleet.services.web.api import arguments
from padfleet.services.web.api.context import Api, Fields, Json, Pieces
from padfleet.services.web.api.sending import send
from padfleet.shared import refusals
from padfleet.shared.budget import Budget, NoRoom, Reservation
from padfleet.shared.limited import FairQueue
from padfleet.shared.log.pad.weight import weight
from padfleet.shared.tasks import aside
from padfleet.shared.wire.jsontext import dumps_in_pieces, is_long

LEAST: Final = 64 << 10
"""Bytes that a call takes at least, for the budget."""

LISTED: Final = 512 << 10
"""The same for a list whose length nobody knows before."""

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
"""The functions that may answer more than some 64 KB, and what each takes at least. They change
nothing, so that they can be broken off when their caller leaves."""

FROM_HISTORY: Final = frozenset({"createDiffHTML"})
"""Those of them that read old revisions, however large the pad is now."""

MADE_AT_ONCE: Final = 8
"""Large ones that are made at a time, in turns by address; of one address half as many."""

WAITING: Final = 1000
"""Calls that wait for such a turn."""

QUICK: Final = 256 << 10
"""Bytes up to which on a call does not wait for such a turn."""

PATIENCE: Final = 10.0
"""Seconds that a call waits for room."""

END: Final = b"}"


class Large(NamedTuple):
    """What a function of `LARGE` has answered."""

    data: Json | Pieces
    room: Reservation  #: held for as long as it is being sent


class LargeAnswers:
    def __init__(self, api: Api, budget: Budget) -> None:
        """`budget`: of the bytes of answers that have not been taken."""
        self._api = api
        self._budget = budget
        self._turns = FairQueue(
            MADE_AT_ONCE, waiting=WAITING, of_one=WAITING, each=MADE_AT_ONCE // 2
        )

    async def made(
        self, name: str, address: str, fields: Fields, make: Callable[[], Awaitable[Any]]
    ) -> Large:
        """What a function of `LARGE` answers, where there is room for it. `address`: the caller's.
        Raises `NoRoom`, `QueueFull`, what `make` raises, or what `UNREACHABLE` lists."""
        size = LARGE[name] + 2 * await self._weight_of(fields)
        try:
            room = await self._budget.wait(size, PATIENCE, address)
            # What is small takes little to make, and waits for nobody but those before it.
            is_quick = size <= QUICK and "rev" not in fields and name not in FROM_HISTORY
            async with nullcontext() if is_quick else self._turns.turn(address):
                data = await make()
            if isinstance(data, Pieces):
                return Large(data, room)
            written = data if isinstance(data, Json) else await _written(data)
            room.resize(len(written.text))
        except NoRoom:
            refusals.LIMITED.labels("answers").inc()
            raise
        return Large(written, room)

    async def _weight_of(self, fields: Fields) -> int:
        """Bytes from which the pad is read that is asked about. Raises `ApiError` where there can
        be none of this name."""
        if "padID" not in fields:
            return 0
        keys = self._api.keyspace.pad(await arguments.pad_id(self._api, fields))
        return await weight(self._api.redis, keys)


async def _written(data: Any) -> Json:
    return Json((await aside(is_long(data), dumps_in_pieces, data)).encode())


async def send_large(request: web.Request, head: bytes, large: Large) -> web.StreamResponse:
    """Sends it as fast as it is taken. `head`: what comes before the data."""
    response = web.StreamResponse()
    response.content_type, response.charset = "application/json", "utf-8"
    data, room = large
    if isinstance(data, Json):
        response.content_length = len(head) + len(data.text) + len(END)
    try:
        await send(request, response, _parts(head, data))
    finally:
        room.give_back()
    return response


async def _parts(head: bytes, data: Json | Pieces) -> AsyncIterator[bytes]:
    yield head
    if isinstance(data, Json):
        yield data.text
    else:
        async for piece in data.pieces:
            yield piece
    yield END
