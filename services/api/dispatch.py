"""`/api` and `/api/<version>/<function>`: from a request to a function, and back."""

import hmac
import logging
import re
from typing import Any

from aiohttp import web

from services.api import metrics
from services.api.context import Api, ApiError, Fields
from services.api.functions import FUNCTIONS
from services.api.versions import CURRENT, VERSIONS
from shared.easysync import from_units, to_units
from shared.log.connect import UNREACHABLE
from shared.log.document import CorruptPad
from shared.log.edits import Refused, Unanswered
from shared.log.inbox import NotTaken
from shared.settings import FanoutSettings
from shared.settings.passwords import password_of
from shared.turnstile import Full, Turnstile
from shared.wire.jsontext import dumps, loads

log = logging.getLogger(__name__)

OK, BAD_PARAMETERS, INTERNAL, NO_FUNCTION, BAD_KEY = range(5)
"""Etherpad's codes."""

_STATUS = {OK: 200, BAD_PARAMETERS: 200, INTERNAL: 500, NO_FUNCTION: 404, BAD_KEY: 401}

AT_ONCE = 32
"""Calls that a worker works on at the same time."""

WAITING = 1000
"""Calls that wait for their turn; each holds its request, bounded by the size of a message."""

PATIENCE = 10.0
"""Seconds that a call waits for its turn."""

RETRY_AFTER = 1
"""Seconds after which a call that got no turn is told to come again."""

OFF = (
    "the HTTP API is off: give the fan-out workers a key, in PADFLEET_API_KEY or "
    "PADFLEET_API_KEY_FILE"
)

_BEARER = re.compile("[Bb]earer ")


def key_of(settings: FanoutSettings) -> str:
    """The API key; empty: there is none. Raises `SettingsError` for a file without one."""
    return password_of(settings.api_key, settings.api_key_file, "--api-key-file")


class Dispatcher:
    def __init__(self, api: Api, key: str) -> None:
        self._api = api
        self._key = key
        self._turnstile = Turnstile(at_once=AT_ONCE, waiting=WAITING, patience=PATIENCE)

    def add_routes(self, app: web.Application) -> None:
        for path in ("/api", "/api/"):
            app.router.add_get(path, self._versions)
        for method in ("GET", "POST"):
            app.router.add_route(method, "/api/{version}/{function}", self._call)

    async def _versions(self, _request: web.Request) -> web.Response:
        return web.json_response({"currentVersion": CURRENT})

    async def _call(self, request: web.Request) -> web.Response:
        version, name = request.match_info["version"], request.match_info["function"]
        if version not in VERSIONS:
            return _answer(NO_FUNCTION, "no such api version")
        if name not in VERSIONS[version]:
            return _answer(NO_FUNCTION, "no such function")
        try:
            code, message, data = await self._result(request, version, name)
        except Full as error:
            metrics.CALLS.labels(name, "busy").inc()
            return _come_again(error)
        metrics.CALLS.labels(name, str(code)).inc()
        return _answer(code, message, data)

    async def _result(self, request: web.Request, version: str, name: str) -> tuple[int, str, Any]:
        if not self._key:
            return BAD_KEY, OFF, None
        try:
            given = await _fields(request)
        except ValueError as error:
            return BAD_PARAMETERS, str(error), None
        if not self._has_key(request, given):
            return BAD_KEY, "no or wrong API Key", None
        fields = {part: given[part] for part in VERSIONS[version][name] if part in given}
        try:
            async with self._turnstile.turn():
                return OK, "ok", await FUNCTIONS[name](self._api, fields)
        except Full:
            raise
        except (ApiError, Refused) as error:
            return BAD_PARAMETERS, str(error), None
        except (*UNREACHABLE, TimeoutError, Unanswered, NotTaken, CorruptPad) as error:
            log.warning("API call failed", extra={"function": name, "error": str(error)})
        except Exception:
            log.exception("API call failed", extra={"function": name})
        return INTERNAL, "internal error", None

    def _has_key(self, request: web.Request, given: Fields) -> bool:
        found = given.get("apikey") or given.get("api_key") or given.get("authorization")
        if not found:
            found = _BEARER.sub("", request.headers.get("Authorization", ""), count=1)
        if not isinstance(found, str):
            return False
        return hmac.compare_digest(
            found.encode("utf-8", "surrogatepass"),
            to_units(self._key).encode("utf-8", "surrogatepass"),
        )


async def _fields(request: web.Request) -> Fields:
    """Of the body, and where it does not name them, of the query."""
    found: Fields = {}
    if request.method == "POST":
        if request.content_type == "application/json":
            body = await request.read()
            given = loads(body) if body.strip() else {}
            if not isinstance(given, dict):
                raise ValueError("the body is not a JSON object")
            found = {name: value for name, value in given.items() if value is not None}
        else:
            form = await request.post()
            found = {name: _text(value) for name, value in form.items() if isinstance(value, str)}
    return {name: _text(value) for name, value in request.query.items()} | found


def _text(value: str) -> str:
    # What is no UTF-8 in a form arrives as escapes of Python's own.
    return to_units(value.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def _come_again(why: Full) -> web.Response:
    answer = _answer(INTERNAL, f"too many calls at once, come again: {why}")
    answer.set_status(503)
    answer.headers["Retry-After"] = str(RETRY_AFTER)
    return answer


def _answer(code: int, message: str, data: Any = None) -> web.Response:
    return web.Response(
        text=dumps({"code": code, "message": to_units(from_units(message)), "data": data}),
        status=_STATUS[code],
        content_type="application/json",
    )
