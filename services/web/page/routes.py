"""Serves the page, its files, and what browsers and search engines ask for beside them."""

import logging
import secrets
import string
from collections.abc import Awaitable, Callable
from html import escape
from importlib.resources import files
from urllib.parse import quote

from aiohttp import web

from padfleet.services.web.page import headers, language
from padfleet.services.web.page.assets import Asset, Assets, read
from padfleet.services.web.page.names import is_valid, sanitised
from padfleet.shared.log.connection.connect import UNREACHABLE
from padfleet.shared.settings import FanoutSettings
from padfleet.shared.wire.cookies import value_of

log = logging.getLogger(__name__)

_ALPHABET = string.ascii_letters + string.digits

_UNBUILT = files(__package__).joinpath("unbuilt.html").read_text("utf-8")

COOKIE_AGE = 5_184_000
"""How many seconds a browser stays the same author: 60 days, as with Etherpad."""

Exists = Callable[[str], Awaitable[bool]]


def mount(
    app: web.Application, settings: FanoutSettings, exists: Exists, assets: Assets | None = None
) -> None:
    """Adds `/`, `/p/<pad>` and `/assets/…` to a worker, unless its settings turn the page off.

    Arguments:
        exists: returns whether there is a pad of a name.
        assets: the built files, by default those of this installation. If there are none, the pages
            say how to build them.
    """
    if settings.page == "off":
        return
    assets = assets or read()
    if assets is None:
        log.warning("the page is not built: make setup does it where there is node")
    pages = _Pages(settings, exists, assets)
    app.router.add_get("/", pages.home)
    app.router.add_get("/p/{pad:[^/]+}", pages.pad)
    app.router.add_get("/p/{pad:[^/]+}/timeslider", pages.timeslider)
    app.router.add_get("/assets/{name}", pages.asset)
    app.router.add_get("/robots.txt", pages.robots)
    app.router.add_get("/favicon.ico", pages.icon)


class _Pages:
    def __init__(self, settings: FanoutSettings, exists: Exists, assets: Assets | None) -> None:
        self._settings = settings
        self._exists = exists
        self._assets = assets

    async def home(self, request: web.Request) -> web.Response:
        return self._page("home", request)

    async def pad(self, request: web.Request) -> web.Response:
        name = request.match_info["pad"]
        if not is_valid(name):
            return self._page("forbidden", request, status=404)
        proper = sanitised(name)
        # A pad that was once made with such a name keeps it.
        if proper != name and not await self._is_there(name):
            query = f"?{request.query_string}" if request.query_string else ""
            raise web.HTTPFound(f"../p/{quote(proper, safe='')}{query}", headers=headers.ALWAYS)
        response = self._page("pad", request, name)
        cookie = f"{self._settings.cookie_prefix}token"
        if value_of(request.headers.get("Cookie", ""), cookie) is None:
            # This cookie says who the browser is from now on, as with Etherpad's page server.
            token = "t." + "".join(secrets.choice(_ALPHABET) for _ in range(20))
            response.set_cookie(
                cookie,
                token,
                httponly=True,
                samesite="Lax",
                secure=request.secure,
                path="/",
                max_age=COOKIE_AGE,
            )
        return response

    async def timeslider(self, request: web.Request) -> web.Response:
        """Redirects from Etherpad's address of a pad's history to the pad's page, which shows the
        history in a view.

        The `#5` of a revision is not sent to servers: browsers append it to the new address
        themselves.
        """
        name = request.match_info["pad"]
        query = "&".join(filter(None, [request.query_string, "history"]))
        raise web.HTTPFound(f"../{quote(name, safe='')}?{query}", headers=headers.ALWAYS)

    async def robots(self, _request: web.Request) -> web.Response:
        """Keeps search engines away from pads, which are meant for people who have their
        address."""
        return web.Response(
            text="User-agent: *\nDisallow: /p/\n",
            headers={**headers.ALWAYS, "Cache-Control": "public, max-age=86400"},
        )

    async def icon(self, _request: web.Request) -> web.Response:
        """Redirects browsers that ask for an icon without having seen a page; pages name their own
        icon."""
        if self._assets is None:
            raise web.HTTPNotFound(text="no such file\n", headers=headers.ALWAYS)
        name = self._assets.names["icon.png"]
        raise web.HTTPFound(f"assets/{name}", headers=headers.ALWAYS)

    async def _is_there(self, name: str) -> bool:
        try:
            return await self._exists(name)
        except UNREACHABLE:
            raise web.HTTPServiceUnavailable(
                text="The pads cannot be reached just now; try again in a moment.\n",
                headers={**headers.ALWAYS, "Retry-After": "5"},
            ) from None

    async def asset(self, request: web.Request) -> web.Response:
        asset = self._assets.files.get(request.match_info["name"]) if self._assets else None
        if asset is None:
            raise web.HTTPNotFound(text="no such file\n", headers=headers.ALWAYS)
        sent = {**headers.ALWAYS, "Cache-Control": headers.FOREVER, "Vary": "Accept-Encoding"}
        if _has(request, asset):
            return web.Response(status=304, headers={**sent, "ETag": f'"{asset.tag}"'})
        body, coding = asset.content, None
        accepted = _codings(request.headers.get("Accept-Encoding", ""))
        for coding in ("br", "gzip"):
            if coding in accepted and coding in asset.packed:
                body = asset.packed[coding]
                sent["Content-Encoding"] = coding
                break
        response = web.Response(
            body=body,
            content_type=asset.kind,
            charset=None if asset.kind == "image/png" else "utf-8",
            headers=sent,
        )
        response.etag = asset.tag
        return response

    def _page(
        self, name: str, request: web.Request, pad: str = "", *, status: int = 200
    ) -> web.Response:
        nonce = secrets.token_urlsafe(16)
        text = _UNBUILT
        fields = {"nonce": nonce, "cookie": escape(self._settings.cookie_prefix)}
        if self._assets is not None:
            text = self._assets.pages[self._language(request, self._assets)][name]
            for built_as, file in self._assets.names.items():
                fields[built_as] = f"assets/{file}"
        fields["pad"] = escape(pad)  # last: nothing is filled in within a name
        for field, value in fields.items():
            text = text.replace(f"{{{{{field}}}}}", value)
        response = web.Response(
            text=text,
            content_type="text/html",
            status=status,
            headers={
                **headers.ALWAYS,
                "Cache-Control": headers.EACH_TIME,
                "Content-Security-Policy": headers.policy(nonce, self._settings.embed),
            },
        )
        response.enable_compression()
        return response

    def _language(self, request: web.Request, assets: Assets) -> str:
        prefix = self._settings.cookie_prefix
        chosen = value_of(request.headers.get("Cookie", ""), f"{prefix}language")
        accept = request.headers.get("Accept-Language", "")
        return language.choose([request.query.get("lang"), chosen], accept, assets.pages)


def _codings(header: str) -> set[str]:
    """Returns the codings that an Accept-Encoding names, without those that it refuses."""
    parts = [part.replace(" ", "").lower().split(";q=") for part in header.split(",")]
    return {name for name, *weight in parts if not weight or weight[0].strip("0.") != ""}


def _has(request: web.Request, asset: Asset) -> bool:
    return any(tag.value in (asset.tag, "*") for tag in request.if_none_match or ())
