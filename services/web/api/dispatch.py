"""Dispatches requests for `/api/<version>/<function>` and `/rest/<version>/<path>` to functions,
and returns their answers."""

import logging
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

from aiohttp import web

from padfleet.services.web.api import metrics
from padfleet.services.web.api.answers import END, LARGE, Large, LargeAnswers, send_large
from padfleet.services.web.api.callers import Doorkeeper
from padfleet.services.web.api.context import Api, ApiError, Fields
from padfleet.services.web.api.conversion import CALLERS, SMALL_BODY, ConversionBusy
from padfleet.services.web.api.functions import FUNCTIONS
from padfleet.services.web.api.leaving import ClientLeft, while_there
from padfleet.services.web.api.receiving import (
    BodyTooLarge,
    Incoming,
    Stopped,
    UploadRateExceeded,
    Uploads,
)
from padfleet.services.web.api.resources import AT
from padfleet.services.web.api.unpacking import UnknownCoding
from padfleet.services.web.api.versions import CURRENT, VERSIONS
from padfleet.shared.budget import NoRoom
from padfleet.shared.cold.errors import StoreAway
from padfleet.shared.easysync import from_units, to_units
from padfleet.shared.limited import QueueFull
from padfleet.shared.log.changes.edits import EditRefusal, Unanswered
from padfleet.shared.log.connection.connect import UNREACHABLE
from padfleet.shared.log.damage import CorruptPad, PadReplaced
from padfleet.shared.log.fleet.audit import Doer
from padfleet.shared.log.inboxes.entry_lane import NotTaken
from padfleet.shared.log.pad.staging import ServerMoved
from padfleet.shared.payers import Payer
from padfleet.shared.tasks import aside
from padfleet.shared.turnstile import Turnstile, TurnstileFull
from padfleet.shared.visit import Door
from padfleet.shared.wire.jsontext import dumps

log = logging.getLogger(__name__)

OK, BAD_PARAMETERS, INTERNAL, NO_FUNCTION, BAD_KEY = range(5)
"""The codes of outcomes in Etherpad's answers."""

_STATUS = {OK: 200, BAD_PARAMETERS: 200, INTERNAL: 500, NO_FUNCTION: 404, BAD_KEY: 401}

AT_ONCE = 32
"""How many calls a worker works on at the same time."""

WAITING = 1000
"""How many calls may wait for their turn; each holds its request, which the size of a message
bounds."""

PATIENCE = 10.0
"""How many seconds a call waits for its turn."""

RETRY_AFTER = 1
"""A call that got no turn, or no room, is asked to come again after this many seconds."""

TOO_MANY = "these are too many calls without the key: come again later"

_METHODS = ("GET", "POST")

_MOVED = (StoreAway, ServerMoved, PadReplaced)
"""The pad cannot be read at present; or it moved while it was being copied, and nothing is left of
the copy; or it was deleted or replaced while it was read."""

_COME_AGAIN = (TurnstileFull, QueueFull, NoRoom, ConversionBusy, *_MOVED)
"""There is no turn for the call, or no room for its answer; or it is due to the pad."""


class _NotTaken(Exception):
    """The body of the call is not accepted. The text says why."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class Dispatcher:
    def __init__(
        self,
        api: Api,
        doorkeeper: Doorkeeper,
        uploads: Uploads,
        answers: LargeAnswers,
        door: Door,
    ) -> None:
        """Takes the parts that a call needs. `door` knows the address of a request's client, and
        how many requests it may make without the key."""
        self._api = api
        self._doorkeeper = doorkeeper
        self._answers = answers
        self._door = door
        self._turnstile = Turnstile(at_once=AT_ONCE, waiting=WAITING, patience=PATIENCE)
        self._uploads = uploads

    def add_routes(self, app: web.Application) -> None:
        for path in ("/api", "/api/"):
            app.router.add_get(path, self._versions)
        for method in _METHODS:
            for end in ("", "/"):
                app.router.add_route(method, "/api/{version}/{function}" + end, self._flat)
                app.router.add_route(method, "/rest/{version}/{thing}/{action}" + end, self._rest)
        for root in ("/api", "/rest"):
            for path in (root, root + "/{rest:.*}"):
                app.router.add_route("*", path, self._nothing)

    async def _versions(self, _request: web.Request) -> web.Response:
        return web.json_response({"currentVersion": CURRENT})

    async def _nothing(self, request: web.Request) -> web.Response:
        """Answers what is not a call in the form of a call, since callers read the code."""
        if request.method in _METHODS or request.method == "HEAD":
            return self._unknown(request, "no such function")
        response = self._unknown(request, f"calls are {' or '.join(_METHODS)}")
        if response.status == 404:  # it has not been refused
            response.set_status(405)
            response.headers["Allow"] = ", ".join(_METHODS)
        return response

    def _unknown(self, request: web.Request, why: str) -> web.Response:
        """Answers a call of what does not exist, which counts whether it has the key or not."""
        if self._door.admits_stranger(request):
            return _answer(NO_FUNCTION, why)
        return _not_taken(_NotTaken(TOO_MANY, 429))

    async def _flat(self, request: web.Request) -> web.StreamResponse:
        return await self._call(request, request.match_info["function"])

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        path = f"{request.match_info['thing']}/{request.match_info['action']}"
        return await self._call(request, AT.get(path, ""))

    async def _call(self, request: web.Request, name: str) -> web.StreamResponse:
        version = request.match_info["version"]
        if version not in VERSIONS:
            return self._unknown(request, "no such api version")
        if name not in VERSIONS[version]:
            return self._unknown(request, "no such function")
        try:
            code, message, data = await self._result(request, version, name)
        except ClientLeft:
            raise  # nobody waits for an answer
        except _COME_AGAIN as error:
            metrics.CALLS.labels(name, "busy").inc()
            return _come_again(error)
        except _NotTaken as error:
            metrics.CALLS.labels(name, str(BAD_PARAMETERS)).inc()
            return _not_taken(error)
        metrics.CALLS.labels(name, str(code)).inc()
        if isinstance(data, Large):
            return await send_large(request, _head(code, message), data)
        return _answer(code, message, data)

    async def _result(self, request: web.Request, version: str, name: str) -> tuple[int, str, Any]:
        asked = {key: _text(value) for key, value in request.query.items()}
        known = self._doorkeeper.knows(request, asked)
        where, payer = self._door.address(request), self._door.payer(request)
        if not known and not self._door.admits_stranger(request):
            raise _NotTaken(TOO_MANY, 429)
        if why := self._doorkeeper.at_first_sight(asked):
            return BAD_KEY, why, None  # before anything more is read
        client = await self._doorkeeper.client_of(request)
        if client is None and (why := self._doorkeeper.needs_no_body()):
            return BAD_KEY, why, None
        async with AsyncExitStack() as held:  # room for its body, until it is done
            try:
                given = asked | await self._body(request, held, CALLERS if known else payer)
            except ApiError as error:
                return BAD_PARAMETERS, str(error), None
            if client is None and (why := self._doorkeeper.in_the_end(request, given)):
                return BAD_KEY, why, None
            if not known:
                self._door.knows_stranger(request)
            fields = {part: given[part] for part in VERSIONS[version][name] if part in given}
            del given, asked
            if client is None:
                caller = Doer("api", "", "API key", where)
            else:
                caller = Doer("api", client, "OAuth token", where)
            return await self._done(request, name, fields, replace(self._api, caller=caller))

    async def _done(
        self, request: web.Request, name: str, fields: Fields, api: Api
    ) -> tuple[int, str, Any]:
        async def work() -> Any:
            async with self._turnstile.turn():
                return await FUNCTIONS[name](api, fields)

        try:
            if name not in LARGE:
                return OK, "ok", await work()
            made = self._answers.made(name, self._door.payer(request), fields, work)
            return OK, "ok", await while_there(request, made)
        except (*_COME_AGAIN, ClientLeft):
            raise
        except (ApiError, EditRefusal) as error:
            return BAD_PARAMETERS, str(error), None
        except (*UNREACHABLE, TimeoutError, Unanswered, NotTaken, CorruptPad) as error:
            log.warning("API call failed", extra={"function": name, "error": str(error)})
        except Exception:
            log.exception("API call failed", extra={"function": name})
        return INTERNAL, "internal error", None

    async def _body(self, request: web.Request, held: AsyncExitStack, who: Payer) -> Fields:
        """Returns the parameters in the body, in the turn of `who`; `held` gets the room that they
        take. Raises `ApiError` or `_NotTaken`."""
        if request.method != "POST":
            return {}
        try:
            room = await held.enter_async_context(self._uploads.room(request, who))
            incoming = Incoming(request, self._uploads.largest)
            if request.content_type.startswith("multipart/"):
                found = await _parts(incoming, self._uploads.largest)
                room.resize(min(room.size, request.content.total_bytes))
                return found
            body = await incoming.body()
            room.resize(min(room.size, len(body)))
            reading = self._api.conversion.fields(who, body, request.content_type)
            if len(body) <= SMALL_BODY:
                return await reading  # at once, as there is nothing to wait for
            return await while_there(request, reading)
        except BodyTooLarge:
            raise _NotTaken(f"more than {self._uploads.largest} bytes", 413) from None
        except UnknownCoding as error:
            raise _NotTaken(str(error), 415) from None
        except (UploadRateExceeded, ConversionBusy) as error:
            raise _NotTaken(str(error), 503) from None
        except Stopped as error:
            raise _NotTaken(f"the call did not come whole: {error}", 400) from None


async def _parts(incoming: Incoming, largest: int) -> Fields:
    """Returns the fields of a multipart form; files are not counted as fields."""
    found: Fields = {}
    reader = await incoming.form()
    while (part := await incoming.part(reader)) is not None:
        if part.name is None or part.filename:
            continue
        data = await incoming.content(part, largest)
        found[to_units(part.name)] = await aside(len(data) > SMALL_BODY, _units_of, data)
    return found


def _units_of(data: bytes) -> str:
    return to_units(data.decode("utf-8", "replace"))


def _text(value: str) -> str:
    # Bytes of a form that are not valid UTF-8 arrive as Python's surrogate escapes.
    return to_units(value.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def _come_again(why: Exception) -> web.Response:
    if isinstance(why, _MOVED):
        log.warning("API call postponed", extra={"error": str(why)})
        answer = _answer(INTERNAL, "the pad is unavailable at the moment, try again later")
    else:
        answer = _answer(INTERNAL, f"not now, come again: {why}")
    answer.set_status(503)
    answer.headers["Retry-After"] = str(RETRY_AFTER)
    return answer


def _not_taken(why: _NotTaken) -> web.Response:
    response = _answer(BAD_PARAMETERS, str(why))
    response.set_status(why.status)
    if why.status in (429, 503):
        response.headers["Retry-After"] = str(RETRY_AFTER)
    response.force_close()  # nobody reads the rest of the body
    return response


def _head(code: int, message: str) -> bytes:
    """Returns what comes before the data of an answer."""
    head = dumps({"code": code, "message": to_units(from_units(message))}).encode()
    return head[:-1] + b',"data":'


def _answer(code: int, message: str, data: Any = None) -> web.Response:
    return web.Response(
        body=_head(code, message) + dumps(data).encode() + END,
        status=_STATUS[code],
        content_type="application/json",
        charset="utf-8",
    )
