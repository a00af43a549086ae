"""Tests what a worker serves to a browser, without a browser."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer

import padfleet.services.web.page
from padfleet.services.web.page import mount
from padfleet.services.web.page.assets import Assets, read
from padfleet.shared.settings import FanoutSettings

Client = TestClient[web.Request, web.Application]

BUILT = ("pad.js", "home.js", "theme.js", "first.js", "style.css", "icon.svg", "icon.png")
BROTLI = b"whatever a browser makes of it"
PAGES = ("pad", "home", "forbidden")
LANGUAGES = ("en", "de", "zh-Hans", "zh-Hant")
PAGE = Path(padfleet.services.web.page.__file__).parent


@pytest.fixture
def built(tmp_path: Path) -> Assets:
    """Makes the built files as build.mjs does."""
    (tmp_path / "assets").mkdir()
    manifest = {}
    for name in BUILT:
        stem, _, kind = name.partition(".")
        file = manifest[name] = f"{stem}-a1b2c3.{kind}"
        content = f"/* {name} */".encode()
        (tmp_path / "assets" / file).write_bytes(content)
        if kind != "png":
            (tmp_path / "assets" / f"{file}.gz").write_bytes(gzip.compress(content))
            (tmp_path / "assets" / f"{file}.br").write_bytes(BROTLI)
    for language in LANGUAGES:
        (tmp_path / "pages" / language).mkdir(parents=True)
        for page in PAGES:
            text = (PAGE / f"{page}.html").read_text("utf-8").replace("{{lang}}", language)
            (tmp_path / "pages" / language / f"{page}.html").write_text(text, "utf-8")
    made = {"assets": manifest, "pages": PAGES, "languages": LANGUAGES}
    (tmp_path / "manifest.json").write_text(json.dumps(made))
    assets = read(tmp_path)
    assert assets is not None
    return assets


@asynccontextmanager
async def served(
    assets: Assets | None, settings: FanoutSettings | None = None, *pads: str
) -> AsyncIterator[Client]:
    async def exists(pad: str) -> bool:
        return pad in pads

    app = web.Application()
    mount(app, settings or FanoutSettings(), exists, assets)
    async with TestClient(TestServer(app)) as client:
        yield client


async def raw(client: Client, path: str, accepted: str) -> tuple[str | None, bytes]:
    """Returns the content coding of an answer, and its undecoded content."""
    async with ClientSession(auto_decompress=False) as session:
        url = client.make_url(path)
        async with session.get(url, headers={"Accept-Encoding": accepted}) as answer:
            return answer.headers.get("Content-Encoding"), await answer.read()


async def test_a_pad_has_a_page_and_its_browser_a_token(built: Assets) -> None:
    async with served(built) as client:
        response = await client.get("/p/hello")
        text = await response.text()
        assert response.status == 200
        assert "<title>hello | padfleet</title>" in text
        assert 'src="../assets/pad-a1b2c3.js"' in text
        cookie = response.cookies["token"]
        assert re.fullmatch(r"t\.[A-Za-z0-9]{20}", cookie.value)
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        again = await client.get("/p/hello", headers={"Cookie": f"token={cookie.value}"})
        assert "token" not in again.cookies


async def test_the_cookie_has_the_prefix_of_the_fleet(built: Assets) -> None:
    async with served(built, FanoutSettings(cookie_prefix="ep_")) as client:
        assert "ep_token" in (await client.get("/p/hello")).cookies


@pytest.mark.parametrize("path", ["/", "/p/hello", "/p/%24"])
async def test_a_page_may_load_and_reach_nothing_from_elsewhere(built: Assets, path: str) -> None:
    async with served(built) as client:
        first, second = await client.get(path), await client.get(path)
        rules = dict(
            rule.split(" ", 1) for rule in first.headers["Content-Security-Policy"].split("; ")
        )
        assert rules["default-src"] == "'none'"
        assert rules["script-src"] == rules["connect-src"] == "'self'"
        assert "unsafe" not in first.headers["Content-Security-Policy"]
        text = await first.text()
        # No inline script, and no address of another host.
        assert not re.search(r"<script(?![^>]*\ssrc=)|\son\w+=|//\w", text)
        assert first.headers["X-Content-Type-Options"] == "nosniff"
        assert first.headers["Cache-Control"] == "no-store"
        nonces = [
            re.search(r"'nonce-([^']+)'", response.headers["Content-Security-Policy"])
            for response in (first, second)
        ]
        assert nonces[0]
        assert nonces[1]
        assert nonces[0][1] != nonces[1][1]


async def test_a_name_is_shown_as_text_whatever_is_in_it(built: Assets) -> None:
    async with served(built) as client:
        text = await (await client.get("/p/%3Cscript%3Ealert(1)%3C%2Fscript%3E")).text()
        assert "<title>&lt;script&gt;alert(1)&lt;/script&gt; | padfleet</title>" in text
        text = await (await client.get("/p/%7B%7Bnonce%7D%7D")).text()
        assert "<title>{{nonce}} | padfleet</title>" in text


@pytest.mark.parametrize(
    ("asked", "proper"),
    [
        ("two%20words", "two_words"),
        ("a:::b", "a_b"),
        ("a%20%09%20b%20:%20c", "a_b___c"),
        ("%C3%A9t%C3%A9%20%3F", "%C3%A9t%C3%A9_%3F"),
    ],
)
async def test_a_name_with_space_or_colons_leads_to_the_proper_one(
    built: Assets, asked: str, proper: str
) -> None:
    async with served(built) as client:
        response = await client.get(f"/p/{asked}?lang=de", allow_redirects=False)
        assert response.status == 302
        assert response.headers["Location"] == f"../p/{proper}?lang=de"


async def test_a_pad_that_was_made_with_such_a_name_keeps_it(built: Assets) -> None:
    async with served(built, None, "two words") as client:
        response = await client.get("/p/two%20words", allow_redirects=False)
        assert response.status == 200


async def test_where_pads_cannot_be_reached_the_browser_is_told_to_come_again(
    built: Assets,
) -> None:
    async def exists(_pad: str) -> bool:
        raise ConnectionError

    app = web.Application()
    mount(app, FanoutSettings(), exists, built)
    async with TestClient(TestServer(app)) as client:
        response = await client.get("/p/two%20words", allow_redirects=False)
        assert response.status == 503
        assert response.headers["Retry-After"]
        # What needs no look at the pads is there.
        assert (await client.get("/p/one")).status == 200


@pytest.mark.parametrize("name", ["%24", "a%24b", "x" * 51, "g.short%24pad", "a%00b"])
async def test_a_name_that_no_pad_can_have_is_refused(built: Assets, name: str) -> None:
    async with served(built) as client:
        response = await client.get(f"/p/{name}")
        assert response.status == 404
        assert "forbidden-heading" in await response.text()
        assert not response.cookies


async def test_assets_are_kept_for_good_and_sent_small(built: Assets) -> None:
    async with served(built) as client:
        plain = await client.get("/assets/pad-a1b2c3.js", headers={"Accept-Encoding": "identity"})
        packed = await client.get("/assets/pad-a1b2c3.js", headers={"Accept-Encoding": "gzip"})
        for accepted in ("br", "gzip, deflate, br;q=1.0", "br;q=0.2"):
            smallest = await raw(client, "/assets/pad-a1b2c3.js", accepted)
            assert smallest == ("br", BROTLI)
        for accepted in ("gzip;q=0.5, br;q=0", "gzip, broom", "br;q=0.0,gzip"):
            assert (await raw(client, "/assets/pad-a1b2c3.js", accepted))[0] == "gzip"
        for accepted in ("identity", "gzip;q=0", ""):
            assert (await raw(client, "/assets/pad-a1b2c3.js", accepted))[0] is None
        assert (await raw(client, "/assets/icon-a1b2c3.png", "br, gzip"))[0] is None
        assert await plain.text() == await packed.text() == "/* pad.js */"
        assert "Content-Encoding" not in plain.headers
        assert packed.headers["Content-Encoding"] == "gzip"
        assert packed.content_type == "text/javascript"
        for response in (plain, packed):
            assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert response.headers["Vary"] == "Accept-Encoding"
        again = await client.get(
            "/assets/pad-a1b2c3.js", headers={"If-None-Match": plain.headers["ETag"]}
        )
        assert again.status == 304
        assert again.headers["ETag"] == plain.headers["ETag"]
        other = await client.get("/assets/pad-a1b2c3.js", headers={"If-None-Match": '"other"'})
        assert other.status == 200


@pytest.mark.parametrize("name", ["nothing.js", "manifest.json", "..%2Fmanifest.json"])
async def test_nothing_else_is_served_as_an_asset(built: Assets, name: str) -> None:
    async with served(built) as client:
        assert (await client.get(f"/assets/{name}")).status == 404


async def test_without_built_files_the_page_says_how_to_build_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("padfleet.services.web.page.routes.read", partial(read, tmp_path))
    async with served(None) as client:
        for path in ("/", "/p/hello"):
            response = await client.get(path)
            assert response.status == 200
            assert "make setup" in await response.text()
        assert (await client.get("/assets/pad.js")).status == 404


async def test_a_build_that_lost_a_file_is_an_error_at_start(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(
        '{"assets": {"pad.js": "pad-1.js"}, "pages": [], "languages": []}'
    )
    with pytest.raises(FileNotFoundError):
        read(tmp_path)


@pytest.mark.parametrize(
    ("query", "cookie", "accept", "language"),
    [
        ("", "", "", "en"),
        ("", "", "de-AT,de;q=0.9,en;q=0.8", "de"),
        ("", "", "fr;q=0.9,zh-TW;q=0.8,en;q=0.1", "zh-Hant"),
        ("", "zh-Hans", "de", "zh-Hans"),
        ("?lang=de", "zh-Hans", "zh-TW", "de"),
        ("?lang=xx", "de", "en", "de"),
        ("?lang=%22%3E%3Cscript%3E", "..%2Fetc", "\x80,;;;,*", "en"),
    ],
)
async def test_a_page_is_in_the_readers_language(
    built: Assets, query: str, cookie: str, accept: str, language: str
) -> None:
    async with served(built) as client:
        sent = {"Accept-Language": accept} | ({"Cookie": f"language={cookie}"} if cookie else {})
        for path in ("/", "/p/hello", "/p/%24"):
            response = await client.get(f"{path}{query}", headers=sent)
            assert f'<html lang="{language}"' in await response.text()


@pytest.mark.parametrize(
    ("embed", "ancestors"),
    [
        (("same",), "'self'"),
        (("none",), "'none'"),
        (("*",), "*"),
        (
            ("same", "https://wiki.example.org", "https://*.example.com:8443"),
            "'self' https://wiki.example.org https://*.example.com:8443",
        ),
    ],
)
async def test_pages_of_other_origins_show_it_in_a_frame_where_the_setting_says_so(
    built: Assets, embed: tuple[str, ...], ancestors: str
) -> None:
    async with served(built, FanoutSettings(embed=embed)) as client:
        for path in ("/", "/p/hello", "/p/%24"):
            policy = (await client.get(path)).headers["Content-Security-Policy"]
            assert policy.endswith(f"; frame-ancestors {ancestors}")


@pytest.mark.parametrize(
    "embed",
    [
        (),
        ("wiki.example.org",),
        ("https://wiki.example.org/page",),
        ("https://a; script-src *",),
        ("https://*",),
        ("'self'",),
        ("none", "same"),
        ("*", "https://wiki.example.org"),
    ],
)
def test_what_is_no_origin_is_no_setting(embed: tuple[str, ...]) -> None:
    settings = FanoutSettings(embed=embed, redis_url="redis://127.0.0.1")
    assert [name for name, _why in settings.validate()] == ["embed"]


async def test_etherpads_address_of_a_history_leads_to_ours(built: Assets) -> None:
    async with served(built) as client:
        for path, target in (
            ("/p/hello/timeslider", "../hello?history"),
            ("/p/r.0123/timeslider?lang=de&x=%26", "../r.0123?lang=de&x=%26&history"),
            ("/p/%C3%A9t%C3%A9%20%3F/timeslider", "../%C3%A9t%C3%A9%20%3F?history"),
            ("/p/%24/timeslider", "../$?history"),
        ):
            response = await client.get(path, allow_redirects=False)
            assert (response.status, response.headers["Location"]) == (302, target)
        assert (await client.get("/p/hello/timeslider")).url.path == "/p/hello"


async def test_what_machines_ask_for_is_there(built: Assets) -> None:
    async with served(built) as client:
        robots = await client.get("/robots.txt")
        assert await robots.text() == "User-agent: *\nDisallow: /p/\n"
        assert robots.content_type == "text/plain"
        icon = await client.get("/favicon.ico")
        assert icon.status == 200
        assert icon.content_type == "image/png"
        assert 'name="robots" content="noindex"' in await (await client.get("/p/hello")).text()


async def test_a_worker_beside_an_etherpad_has_no_page(built: Assets) -> None:
    async with served(built, FanoutSettings(page="off")) as client:
        for path in (
            "/",
            "/p/hello",
            "/p/hello/timeslider",
            "/robots.txt",
            "/assets/pad-a1b2c3.js",
        ):
            assert (await client.get(path)).status == 404
