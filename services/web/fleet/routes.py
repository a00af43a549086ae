"""Serves the routes of the fleet page."""

import logging
from collections.abc import Callable
from importlib.resources import files
from typing import Final

from aiohttp import web
from redis.exceptions import ResponseError

from padfleet.services.web.fleet.door import admits, token_of
from padfleet.services.web.fleet.pads import PadsRoutes
from padfleet.services.web.fleet.view import FleetWatch
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.settings import FanoutSettings

log = logging.getLogger(__name__)

OFF: Final = (
    "There is no fleet page here: it shows the names of pads, and deletes some, so it has to have\n"
    "a password.\n"
    "Give the fan-out workers one of 16 characters or more, in PADFLEET_FLEET_TOKEN or\n"
    "PADFLEET_FLEET_TOKEN_FILE (openssl rand -hex 16 makes one). Without it: padfleet top.\n"
)

_FILES: Final = {
    "fleet.html": "text/html",
    "fleet.js": "text/javascript",
    "fleet.css": "text/css",
    "pads.html": "text/html",
    "pads.js": "text/javascript",
    "pads.css": "text/css",
}

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

_ASK: Final = {"WWW-Authenticate": 'Basic realm="padfleet: any name, and the fleet token"'}


def _peer(request: web.Request) -> str:
    return request.remote or ""


def mount(
    app: web.Application,
    redis: Redis,
    keyspace: Keyspace,
    settings: FanoutSettings,
    address: Callable[[web.Request], str] = _peer,
) -> None:
    """Adds `/fleet`, `/fleet/pads` and what belongs to them to a worker. `address` returns the
    address of a request's client, even if there is a proxy in between. Raises `SettingsError`."""
    page = _Page(FleetWatch(redis, keyspace), token_of(settings))
    app.router.add_get("/fleet", page.page)
    app.router.add_get("/fleet/data", page.data)
    app.router.add_get("/fleet/pads", page.pads)
    app.router.add_get("/fleet/{name:(?:fleet|pads)\\.(?:js|css)}", page.file)
    PadsRoutes(redis, keyspace, HEADERS, page.refused, address).add_routes(app)


class _Page:
    def __init__(self, view: FleetWatch, token: str) -> None:
        self._view = view
        self._token = token
        folder = files(__package__)
        self._files = {name: folder.joinpath(name).read_text("utf-8") for name in _FILES}

    async def page(self, request: web.Request) -> web.Response:
        return self.refused(request) or self._file("fleet.html")

    async def pads(self, request: web.Request) -> web.Response:
        return self.refused(request) or self._file("pads.html")

    async def file(self, request: web.Request) -> web.Response:
        return self.refused(request) or self._file(request.match_info["name"])

    async def data(self, request: web.Request) -> web.Response:
        refused = self.refused(request)
        if refused is not None:
            return refused
        try:
            document = await self._view.as_json()
        except (*UNREACHABLE, ResponseError) as error:
            why = str(error) or "no answer"
            log.warning("fleet not read", extra={"error": why})
            return web.json_response({"error": why}, status=503, headers=HEADERS)
        response = web.json_response(document, headers=HEADERS)
        response.enable_compression()
        return response

    def refused(self, request: web.Request) -> web.Response | None:
        """Returns the answer to a request without the password; None if it has the password."""
        if not self._token:
            return web.Response(status=404, text=OFF, headers=HEADERS)
        if not admits(self._token, request.headers.get("Authorization", "")):
            text = "The fleet page wants the password that PADFLEET_FLEET_TOKEN holds.\n"
            return web.Response(status=401, text=text, headers={**HEADERS, **_ASK})
        return None

    def _file(self, name: str) -> web.Response:
        response = web.Response(
            text=self._files[name], content_type=_FILES[name], charset="utf-8", headers=HEADERS
        )
        response.enable_compression()
        return response
