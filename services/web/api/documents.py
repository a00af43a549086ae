"""Serves `/api/openapi.json`, `/rest/openapi.json`, those of each version, and the page
`/api-docs`."""

from functools import cache
from typing import Final

from aiohttp import web

from padfleet.services.web.api.description import STYLES, openapi, page, root
from padfleet.services.web.api.versions import CURRENT, VERSIONS
from padfleet.shared.wire.jsontext import dumps

_OPEN_TO_ALL: Final = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}
"""Tools that run in a browser read it from other origins. It contains nothing private."""

_OF_THE_PAGE: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def add_routes(app: web.Application) -> None:
    """Adds all these routes. Each document is made when it is first asked for, since each takes
    some milliseconds, and a worker that starts should not wait for what is rarely used. This has to
    be called before the routes of calls are added."""
    for style in STYLES:
        for version in VERSIONS:
            _add(app, f"{root(style, version)}/openapi.json", version, style)
        _add(app, f"/{style}/openapi.json", CURRENT, style)
    _add(app, "/api-docs.json", CURRENT, "api")
    made = cache(page)

    async def docs(_request: web.Request) -> web.Response:
        return web.Response(text=made(), content_type="text/html", headers=_OF_THE_PAGE)

    for path in ("/api-docs", "/api-docs/"):
        app.router.add_get(path, docs)


def _add(app: web.Application, path: str, version: str, style: str) -> None:
    async def described(_request: web.Request) -> web.Response:
        return web.Response(
            body=_body(version, style),
            content_type="application/json",
            charset="utf-8",
            headers=_OPEN_TO_ALL,
        )

    app.router.add_get(path, described)


@cache
def _body(version: str, style: str) -> bytes:
    return dumps(openapi(version, style)).encode()
