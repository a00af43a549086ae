"""Compares whom a fleet lets in with whom a real Etherpad does: who opens, exports and imports
which pad, with which cookies, under each of the settings that restrict this."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest

from tests.etherpad import CHECKOUT, NODE, needs_checkout
from tests.etherpad import running as etherpad
from tests.eventually import eventually
from tests.fleet import fleet_of_its_own
from tests.guest import Guest
from tests.integration.api.caller import KEY, Caller

pytestmark = [needs_checkout, pytest.mark.timeout(600)]

SETTINGS = {
    "neither": (),
    "requireSession": ("requireSession",),
    "editOnly": ("editOnly",),
    "both": ("requireSession", "editOnly"),
}

OURS = {"requireSession": "PADFLEET_REQUIRE_SESSION", "editOnly": "PADFLEET_EDIT_ONLY"}

NO_SESSION = f"s.{'0' * 32}"

COOKIES = (
    "",
    "sessionID={good}",
    'sessionID="{good}"',
    "sessionID={other}",
    "sessionID={other},{good}",
    "sessionID={other}%2C{good}",
    "sessionID=%22{good}%22",
    'sessionID="{other},{good}"',
    "sessionID={good}; sessionID={none}",
    "sessionID={none}; sessionID={good}",
    "sessionID=; sessionID={good}",
    "ep_sessionID={good}",
    "ep_sessionID={none}; sessionID={good}",
    "ep_sessionID={good}; sessionID={none}",
    "sessionID=,{good},",
    "sessionID={good}%zz",
    "sessionid={good}",
    "a=b;sessionID={good}",
    "sessionID = {good}",
    f"sessionID={','.join([NO_SESSION] * 100)},{{good}}",
)


class Place(NamedTuple):
    """What there is on one of the two."""

    url: str
    author: str
    pads: Mapping[str, str]  #: by what is the matter with each
    cookies: Mapping[str, str]


@contextmanager
def both(folder: Path, setting: str) -> Iterator[tuple[str, str]]:
    """Runs an Etherpad and a fleet, and yields their addresses."""
    (folder / "key").write_text(KEY)
    places = [folder / name for name in ("etherpad", "fleet")]
    for place in places:
        place.mkdir()
    theirs: dict[str, Any] = {
        "loglevel": "WARN",
        "authenticationMethod": "apikey",
        "cookie": {"prefix": "ep_"},
        "importExportRateLimiting": {"windowMs": 90_000, "max": 1_000_000},
    }
    ours = {"PADFLEET_API_KEY": KEY, "PADFLEET_COOKIE_PREFIX": "ep_"}
    theirs |= dict.fromkeys(SETTINGS[setting], True)
    ours |= {OURS[name]: "true" for name in SETTINGS[setting]}
    words = ("--apikey", str(folder / "key"))
    with (
        etherpad(Path(CHECKOUT), places[0], theirs, NODE, words=words) as port,
        fleet_of_its_own(places[1], ours, workers=1) as fleet,
    ):
        yield f"http://127.0.0.1:{port}", fleet.urls[0]


async def made(url: str) -> Place:
    """Makes groups, pads and sessions."""
    async with Caller(url) as api:
        group, elsewhere = [(await api.createGroup())["groupID"] for _ in range(2)]
        author = (await api.createAuthor(name="Ada"))["authorID"]
        pads = {"plain": "plain", "new": "new", "new in the group": f"{group}$new"}
        await api.createPad(padID="plain", text="x")
        for name in ("private", "public"):
            made = await api.createGroupPad(groupID=group, padName=name, text="x")
            pads[name] = made["padID"]
        await api.setPublicStatus(padID=pads["public"], publicStatus="true")
        for name in ("private", "public", "plain"):
            found = await api.getReadOnlyID(padID=pads[name])
            pads[f"{name}, to read"] = found["readOnlyID"]
        pads["of no group"] = f"g.{'0' * 16}$x"
        until = str(int(time.time()) + 3600)
        good, other = [
            (await api.createSession(groupID=one, authorID=author, validUntil=until))["sessionID"]
            for one in (group, elsewhere)
        ]
    cookies = {form: form.format(good=good, other=other, none=NO_SESSION) for form in COOKIES}
    return Place(url, author, pads, cookies)


@asynccontextmanager
async def visitor(cookie: str) -> AsyncIterator[aiohttp.ClientSession]:
    token = f"ep_token=t.{secrets.token_hex(10)}"
    headers = {"Cookie": f"{cookie}; {token}" if cookie else token}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), headers=headers) as http:
        yield http


async def exported(place: Place, pad: str, cookie: str) -> int:
    async with visitor(cookie) as http, http.get(f"{place.url}/p/{pad}/export/txt") as answer:
        return answer.status


async def imported(place: Place, pad: str, cookie: str) -> int:
    form = aiohttp.FormData()
    form.add_field("file", b"brought", filename="a.txt")
    async with (
        visitor(cookie) as http,
        http.post(f"{place.url}/p/{pad}/import", data=form) as answer,
    ):
        return answer.status


async def joined(place: Place, pad: str, cookie: str) -> str:
    """Returns as whom somebody joins a pad, or that nobody does."""
    async with Guest(place.url, cookie=cookie) as guest:
        # Etherpad's page sends the session, too; "null" if it has none.
        session = cookie.partition("sessionID=")[2]
        await guest.ready(pad, sessionID=session or "null")
        await eventually(lambda: guest.messages, "there is an answer")
        first = guest.messages[0]
        if first.get("accessStatus") == "deny":
            return "nobody"
        who = "Ada" if first["data"]["userId"] == place.author else "somebody"
        return f"{who}, to read" if first["data"]["readonly"] else who


@pytest.mark.parametrize("setting", SETTINGS)
async def test_the_same_people_come_in(setting: str, tmp_path: Path) -> None:
    with both(tmp_path, setting) as urls:
        there, here = [await made(url) for url in urls]
        for form in ("", "sessionID={good}", "sessionID={other}"):
            for name in here.pads:
                for do in (exported, joined, imported):
                    found = [
                        await do(place, place.pads[name], place.cookies[form])
                        for place in (there, here)
                    ]
                    assert found[1] == found[0], (name, form, do.__name__)


async def test_the_same_cookies_open_a_groups_pad(tmp_path: Path) -> None:
    with both(tmp_path, "neither") as urls:
        there, here = [await made(url) for url in urls]
        for form in COOKIES:
            found = [
                await exported(place, place.pads["private"], place.cookies[form])
                for place in (there, here)
            ]
            assert found[1] == found[0], form
