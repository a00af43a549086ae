"""Tests the page `/fleet` as its operators see it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.client import connect
from tests.browser.browser import PICTURES, Browser, Page
from tests.browser.test_looks import check, variants
from tests.eventually import eventually_sync
from tests.fleet import Fleet, fleet_of_its_own

TOKEN = "0123456789abcdef"
LOGIN: dict[str, Any] = {"httpCredentials": {"username": "me", "password": TOKEN}}
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def seen_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("seen")
    settings = {"PADFLEET_FLEET_TOKEN": TOKEN, "PADFLEET_PARTITIONS": "16"}
    with fleet_of_its_own(folder, settings, writers=2, workers=3) as running:
        yield running


def opened(browser: Browser, url: str, **options: Any) -> Page:
    page = browser.open(f"{url}/fleet", **LOGIN, **options)
    page.await_shown("#workers tbody tr")
    return page


def rows(page: Page, table: str) -> list[str]:
    return list(
        page.look(f"[...document.querySelectorAll('#{table} tbody tr')].map(r => r.innerText)")
    )


@variants
async def test_a_browser_shows_the_fleet(
    browser: Browser, seen_fleet: Fleet, options: dict[str, Any], name: str
) -> None:
    async with connect(f"{seen_fleet.urls[0]}/p/minutes", name="Ada") as pad:
        for number in range(30):
            await pad.append(f"line {number}\n")
        page = opened(browser, seen_fleet.ops_urls[1], **options)
        eventually_sync(lambda: any("minutes" in row for row in rows(page, "pads")), timeout=20)
        eventually_sync(lambda: page.words("#verdict").startswith("Everybody"), timeout=30)
        assert len(rows(page, "workers")) == 3
        assert len(rows(page, "writers")) == 2
        assert page.look("document.querySelectorAll('#partitions li').length") == 16
        assert page.look("document.querySelectorAll('#charts svg').length") == 7
        # Wide tables scroll by themselves, the page does not.
        assert page.look("document.documentElement.scrollWidth <= innerWidth")
        check(page)
        page.do("screenshot", {"path": str(picture_of(f"fleet-{name}")), "fullPage": True})


def picture_of(name: str) -> Path:
    PICTURES.mkdir(parents=True, exist_ok=True)
    return PICTURES / f"{name}.png"


async def test_names_are_text(browser: Browser, seen_fleet: Fleet) -> None:
    async with connect(f"{seen_fleet.urls[0]}/p/{EVIL.replace('/', '')}") as pad:
        await pad.append("x\n")
        page = opened(browser, seen_fleet.ops_urls[0])
        eventually_sync(lambda: any("onerror" in row for row in rows(page, "pads")), timeout=20)
        assert page.look("document.querySelectorAll('main img').length") == 0


@pytest.mark.parametrize("scheme", ["dark", pytest.param("light", marks=pytest.mark.thorough)])
def test_what_is_wrong_is_seen_at_once(browser: Browser, tmp_path: Path, scheme: str) -> None:
    settings = {"PADFLEET_FLEET_TOKEN": TOKEN, "PADFLEET_PARTITIONS": "16"}
    with (
        EmbeddedServer(tmp_path / "redis", extra_args=("--appendfsync", "no")) as server,
        Fleet(server.url, tmp_path, settings) as fleet,
    ):
        fleet.start(writers=1, workers=2)
        page = opened(browser, fleet.ops_urls[0], colorScheme=scheme)
        eventually_sync(lambda: page.words("#verdict").startswith("Everybody"), timeout=30)
        fleet.writers[0].kill()
        eventually_sync(lambda: "have no owner for" in page.words("#findings"), timeout=30)
        assert page.words("#verdict") == "Not everybody is served"
        assert page.look("document.title").startswith("! ")
        check(page)
        page.picture(f"fleet-stuck-{scheme}")
        fleet.workers[0].kill()
        eventually_sync(lambda: "does not answer" in page.words("#age"), timeout=30)
        page.faults()  # that it could not be asked
