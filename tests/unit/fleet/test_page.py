"""Tests who gets the page `/fleet`."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from padfleet.services.web.fleet import mount
from padfleet.services.web.fleet.door import admits, token_of
from padfleet.shared.log.connection.connect import open_redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.settings import FanoutSettings, SettingsError, resolve

TOKEN = "0123456789abcdef"
PATHS = ("/fleet", "/fleet/data", "/fleet/fleet.js", "/fleet/fleet.css")

Client = TestClient[web.Request, web.Application]


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@asynccontextmanager
async def served(settings: FanoutSettings) -> AsyncIterator[Client]:
    """Serves the page on a worker whose Redis is away."""
    redis = open_redis("redis://127.0.0.1:1/0")
    app = web.Application()
    mount(app, redis, Keyspace(1), settings)
    async with TestClient(TestServer(app)) as client:
        yield client
    await redis.close()


@pytest.mark.parametrize("path", PATHS)
async def test_without_a_password_there_is_no_page_and_it_says_why(path: str) -> None:
    async with served(FanoutSettings()) as client:
        response = await client.get(path, headers={"Authorization": "Bearer "})
        assert response.status == 404
        assert "PADFLEET_FLEET_TOKEN" in await response.text()


@pytest.mark.parametrize("path", PATHS)
async def test_with_one_nothing_is_shown_without_it(path: str) -> None:
    async with served(FanoutSettings(fleet_token=TOKEN)) as client:
        for wrong in ("", "Bearer ", "Bearer wrong", basic("", "wrong"), basic(TOKEN, "")):
            response = await client.get(path, headers={"Authorization": wrong})
            assert response.status == 401
            assert response.headers["WWW-Authenticate"].startswith("Basic ")
            assert TOKEN not in await response.text()


@pytest.mark.parametrize("right", [f"Bearer {TOKEN}", f"bearer {TOKEN}", basic("me", TOKEN)])
async def test_the_page_lets_nothing_in_from_elsewhere(right: str) -> None:
    async with served(FanoutSettings(fleet_token=TOKEN)) as client:
        for path in PATHS[:1] + PATHS[2:]:
            response = await client.get(path, headers={"Authorization": right})
            assert response.status == 200
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]
            assert "unsafe" not in response.headers["Content-Security-Policy"]
            assert response.headers["Cache-Control"] == "no-store"
        assert (await client.get("/fleet/routes.py")).status == 404


async def test_an_unreachable_redis_is_reported() -> None:
    async with served(FanoutSettings(fleet_token=TOKEN)) as client:
        response = await client.get("/fleet/data", headers={"Authorization": f"Bearer {TOKEN}"})
        assert response.status == 503
        assert (await response.json())["error"]


@pytest.mark.parametrize(
    "header",
    ["Basic", "Basic !!!", "Basic " + base64.b64encode(b"\xff\xfe").decode(), "Basic Og==", "x y"],
)
def test_odd_headers_are_a_no(header: str) -> None:
    assert not admits(TOKEN, header)


def test_the_password_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f" {TOKEN}\n")
    assert token_of(FanoutSettings(fleet_token_file=str(file))) == TOKEN
    for content in ("", " \n", "short\n"):
        file.write_text(content)
        with pytest.raises(SettingsError, match="--fleet-token-file"):
            token_of(FanoutSettings(fleet_token_file=str(file)))
    with pytest.raises(SettingsError, match="No such file"):
        token_of(FanoutSettings(fleet_token_file=str(tmp_path / "none")))


def test_a_short_password_is_refused_and_not_shown() -> None:
    environ = {"REDIS_URL": "redis://h", "PADFLEET_FLEET_TOKEN": "guess-me"}
    with pytest.raises(SettingsError, match="16 characters") as caught:
        resolve(FanoutSettings, "padfleet fanout", [], environ)
    assert "guess-me" not in str(caught.value)
    both = {**environ, "PADFLEET_FLEET_TOKEN": TOKEN, "PADFLEET_FLEET_TOKEN_FILE": "/x"}
    with pytest.raises(SettingsError, match="keep only one"):
        resolve(FanoutSettings, "padfleet fanout", [], both)
