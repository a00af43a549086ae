"""`GET /p/<pad>` and `GET /`: what a worker shows to a browser."""

import secrets
import string
from html import escape
from importlib.resources import files

from aiohttp import web

_ALPHABET = string.ascii_letters + string.digits

_SHELL = files(__package__).joinpath("page.html").read_text("utf-8")


def add_page_routes(app: web.Application, *, cookie_prefix: str) -> None:
    async def pad(request: web.Request) -> web.Response:
        response = _page(request.match_info["pad"])
        name = f"{cookie_prefix}token"
        if name not in request.cookies:
            # Who the browser is, from now on; as Etherpad's page server does it.
            token = "t." + "".join(secrets.choice(_ALPHABET) for _ in range(20))
            response.set_cookie(
                name, token, httponly=True, samesite="Lax", path="/", max_age=5_184_000
            )
        return response

    async def root(_request: web.Request) -> web.Response:
        return _page("hello")

    app.router.add_get("/p/{pad}", pad)
    app.router.add_get("/", root)


def _page(pad: str) -> web.Response:
    text = _SHELL.replace("{pad}", escape(pad))
    return web.Response(text=text, content_type="text/html")
