"""Serves the routes of the page `/fleet/pads`, which lists pads and carries out deeds on them."""

import json
import logging
from collections.abc import Callable
from contextlib import aclosing
from typing import Any, Final

from aiohttp import web
from redis.exceptions import RedisError, ResponseError

from padfleet.services.web.fleet import guard
from padfleet.services.web.fleet.deed_requests import (
    LONGEST_BODY,
    BadDeedRequest,
    DeedRequest,
    carried_out,
)
from padfleet.services.web.fleet.door import who
from padfleet.shared.cold import paging
from padfleet.shared.cold.listing import PadFacts, UnreadablePad, facts_of
from padfleet.shared.cold.opening import cold_of
from padfleet.shared.cold.paging import LONGEST_NAME, PadSearch, PageEnd, PagePlace
from padfleet.shared.deeds.noting import REFUSED
from padfleet.shared.deeds.pads import PadDeeds
from padfleet.shared.log.changes.edits import Missing, Unanswered, open_edits
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.fleet import audit
from padfleet.shared.log.fleet.audit import Doer
from padfleet.shared.log.inboxes.entry_lane import NotTaken
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.people.presence import members

log = logging.getLogger(__name__)

ROWS: Final = 100
"""How many pads a page lists."""

SECONDS: Final = 1.5
"""How many seconds a page is searched for; it then ends with what it has, and says where to
continue."""

MOST_PEOPLE: Final = 500
"""The most sessions of a pad that are shown."""

DEEDS_SHOWN: Final = 50
"""How many entries of the audit log one answer has."""

TIMEOUT: Final = 10.0
"""How many seconds a writer may take to delete a pad."""

FAULTS: Final = (*UNREACHABLE, ResponseError, TimeoutError)

Refused = Callable[[web.Request], web.Response | None]
Address = Callable[[web.Request], str]


class PadsRoutes:
    """Answers the page's questions, and does the deeds that it asks for."""

    def __init__(
        self,
        redis: Redis,
        keyspace: Keyspace,
        headers: dict[str, str],
        refused: Refused,
        address: Address,
    ) -> None:
        """Prepares the routes, which `add_routes` adds.

        Arguments:
            headers: the headers of every answer.
            refused: returns the answer to a request without the password, and None otherwise.
            address: returns the address of a request's client.
        """
        self._redis = redis
        self._keyspace = keyspace
        self._headers = headers
        self._refused = refused
        self._address = address

    def add_routes(self, app: web.Application) -> None:
        """Adds the routes to a worker, except for the page's own files."""
        app.router.add_get("/fleet/pads/list", self._list)
        app.router.add_get("/fleet/pads/pad", self._pad)
        app.router.add_post("/fleet/pads/do", self._do)
        app.router.add_get("/fleet/audit", self._audit)

    # --- Looking ---------------------------------------------------------------------------------

    async def _list(self, request: web.Request) -> web.StreamResponse:
        """Writes one object per line as each pad is found, and at the end where to continue."""
        if (refused := self._refused(request)) is not None:
            return refused
        try:
            search = _search(request.query)
            begins = PagePlace.from_text(request.query.get("after", ""))
        except ValueError as error:
            return self._said({"error": str(error)}, 400)
        response = web.StreamResponse(headers=self._headers)
        response.content_type = "application/x-ndjson"
        response.enable_compression()
        await response.prepare(request)
        cold = cold_of(self._redis)
        found = paging.page(
            self._redis, self._keyspace, cold, search, begins, rows=ROWS, seconds=SECONDS
        )
        try:
            async with aclosing(found) as rows:
                async for row in rows:
                    await response.write(_line(_row(row)))
        except FAULTS as error:
            log.warning("pads not listed", extra={"error": str(error)})
            await response.write(_line({"error": str(error) or "no answer"}))
        await response.write_eof()
        return response

    async def _pad(self, request: web.Request) -> web.Response:
        if (refused := self._refused(request)) is not None:
            return refused
        pad = request.query.get("name", "")
        try:
            facts = await facts_of(self._redis, self._keyspace, cold_of(self._redis), pad)
            if facts is None:
                return self._said({"error": "there is no such pad"}, 404)
            here = sorted(await members(self._redis, self._keyspace.pad(pad)))
        except CorruptPad as error:
            return self._said({"error": f"the pad is damaged: {error}"}, 409)
        except FAULTS as error:
            return self._said({"error": str(error) or "no answer"}, 503)
        people = [
            {
                "author": member.author,
                "name": member.name,
                "session": member.session,
                "worker": member.worker,
                "reader": member.read_only,
            }
            for _, member in here[:MOST_PEOPLE]
        ]
        return self._said({**_row(facts), "people": people, "people_in_all": len(here)})

    async def _audit(self, request: web.Request) -> web.Response:
        if (refused := self._refused(request)) is not None:
            return refused
        before = request.query.get("before", "")
        entries: list[dict[str, Any]] = []
        place = ""
        try:
            async with aclosing(audit.newest(self._redis, before)) as all_:
                async for at, entry in all_:
                    entries.append(entry.as_json())
                    if len(entries) >= DEEDS_SHOWN:
                        place = at
                        break
        except ResponseError:
            return self._said({"error": "before: no place in the audit log"}, 400)
        except FAULTS as error:
            return self._said({"error": str(error) or "no answer"}, 503)
        return self._said({"entries": entries, "before": place})

    # --- Doing -----------------------------------------------------------------------------------

    async def _do(self, request: web.Request) -> web.Response:
        if (refused := self._refused(request)) is not None:
            return refused
        hosts = (request.headers.get("Host", ""), request.headers.get("X-Forwarded-Host", ""))
        if why := guard.why_not(request.headers, hosts):
            return self._said({"error": why}, 403)
        body = b""
        while len(body) <= LONGEST_BODY and (piece := await request.content.readany()):
            body += piece
        if len(body) > LONGEST_BODY:
            return self._said({"error": f"more than {LONGEST_BODY} bytes"}, 413)
        try:
            wanted = DeedRequest.from_json(body)
            return self._said(await self._done(wanted, self._doer(request)))
        except BadDeedRequest as error:
            return self._said({"error": str(error)}, 400)
        except Missing:
            return self._said({"error": "there is no such pad"}, 404)
        except REFUSED as error:
            return self._said({"error": str(error) or "it is left as it is"}, 409)
        except (Unanswered, NotTaken) as error:
            return self._said({"error": f"it may have been done: {error}"}, 504)
        except (*FAULTS, RedisError) as error:
            return self._said({"error": str(error) or "no answer"}, 503)

    async def _done(self, wanted: DeedRequest, doer: Doer) -> dict[str, Any]:
        async with open_edits(self._redis, self._keyspace, timeout=TIMEOUT) as edits:
            deeds = PadDeeds(self._redis, self._keyspace, cold_of(self._redis), edits, doer)
            return {"done": True, **await carried_out(wanted, deeds)}

    def _doer(self, request: web.Request) -> Doer:
        name = who(request.headers.get("Authorization", ""))
        return Doer("page", name, "fleet token", self._address(request))

    def _said(self, answer: dict[str, Any], status: int = 200) -> web.Response:
        return web.json_response(answer, status=status, headers=self._headers)


def _search(query: Any) -> PadSearch:
    """Reads the search from a query. Raises ValueError."""
    words, place = query.get("search", ""), query.get("place", "any")
    if len(words) > LONGEST_NAME:
        raise ValueError(f"search: up to {LONGEST_NAME} characters")
    if place not in ("any", "hot", "cold"):
        raise ValueError("place: any, hot or cold")
    return PadSearch(words, place, query.get("open", "") == "1")


def _row(row: PadFacts | UnreadablePad | PageEnd) -> dict[str, Any]:
    """Returns what the page is sent about a row."""
    if isinstance(row, UnreadablePad):
        return {"damaged": row.why}
    if isinstance(row, PageEnd):
        following = row.following.to_text() if row.following is not None else ""
        return {"end": True, "after": following, "looked_at": row.looked_at}
    return {**row._asdict(), "edited_at": row.edited_at}


def _line(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
