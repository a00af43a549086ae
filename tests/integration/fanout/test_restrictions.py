"""Tests PADFLEET_REQUIRE_SESSION and PADFLEET_EDIT_ONLY, and the pads of groups in each of the
access modes, with real workers and real clients."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from padfleet.services.fanout.auth.decision import author_of
from padfleet.services.fanout.auth.handshake import Handshake
from padfleet.services.fanout.requests.join import JoinHandler
from padfleet.services.fanout.requests.turning_away import TurnedAway
from padfleet.services.fanout.transport.outbound import Outbound
from tests import signing
from tests.acceptance.npm import new_pad
from tests.fleet import Member
from tests.guest import DENY, Guest
from tests.integration.api.caller import KEY, Caller
from tests.integration.fanout.conftest import StartWorker
from tests.service import Request, Service
from tests.signing import claims, signed

LATER = str(int(time.time()) + 86_400)


@pytest.fixture(scope="module")
def portal(start_worker: StartWorker) -> Member:
    """Starts a worker with the settings of a portal, where all pads belong to groups and only the
    API makes them."""
    return start_worker(
        PADFLEET_API_KEY=KEY, PADFLEET_REQUIRE_SESSION="true", PADFLEET_EDIT_ONLY="true"
    )


@pytest.fixture(scope="module")
def sessions_only(start_worker: StartWorker) -> Member:
    return start_worker(PADFLEET_API_KEY=KEY, PADFLEET_REQUIRE_SESSION="true")


@pytest.fixture(scope="module")
def edits_only(start_worker: StartWorker) -> Member:
    return start_worker(PADFLEET_API_KEY=KEY, PADFLEET_EDIT_ONLY="true")


@pytest.fixture(scope="module")
def with_tokens(start_worker: StartWorker) -> Member:
    return start_worker(
        PADFLEET_API_KEY=KEY, PADFLEET_AUTH="jwt", PADFLEET_JWT_SECRET=signing.SECRET
    )


@pytest.fixture(scope="module")
def strict_with_tokens(start_worker: StartWorker) -> Member:
    return start_worker(
        PADFLEET_API_KEY=KEY,
        PADFLEET_AUTH="jwt",
        PADFLEET_JWT_SECRET=signing.SECRET,
        PADFLEET_REQUIRE_SESSION="true",
        PADFLEET_EDIT_ONLY="true",
    )


async def denied(worker: Member, pad: str, cookie: str = "") -> None:
    async with Guest(worker.url, cookie=cookie) as guest:
        await guest.ready(pad)
        await guest.hears(lambda: DENY in guest.messages)


async def let_in(worker: Member, pad: str, cookie: str = "") -> dict[str, Any]:
    async with Guest(worker.url, cookie=cookie) as guest:
        await guest.join(pad)
        return guest.vars


async def export_status(worker: Member, pad: str, cookie: str = "") -> int:
    headers = {"Cookie": cookie} if cookie else {}
    url = f"{worker.url}/p/{pad}/export/txt"
    async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as response:
        return response.status


async def import_status(worker: Member, pad: str, name: str = "x.txt", cookie: str = "") -> int:
    form = aiohttp.FormData()
    form.add_field("file", b"text", filename=name, content_type="application/octet-stream")
    headers = {"Cookie": cookie} if cookie else {}
    url = f"{worker.url}/p/{pad}/import"
    async with (
        aiohttp.ClientSession() as http,
        http.post(url, data=form, headers=headers) as response,
    ):
        return response.status


async def group_with_pad(api: Caller, *, public: bool = False) -> tuple[str, str, str]:
    """Makes a group with a pad. Returns the pad's id, an author, and a session of this author as a
    cookie."""
    group = (await api.createGroup())["groupID"]
    author = (await api.createAuthor(name="Ada"))["authorID"]
    pad = (await api.createGroupPad(groupID=group, padName="notes", text="x"))["padID"]
    if public:
        await api.setPublicStatus(padID=pad, publicStatus="true")
    made = await api.createSession(groupID=group, authorID=author, validUntil=LATER)
    return pad, author, f"sessionID={made['sessionID']}"


async def there_is(api: Caller, pad: str) -> bool:
    return pad in (await api.listAllPads())["padIDs"]


# --- requireSession ------------------------------------------------------------------------------


@pytest.mark.parametrize("public", [False, True])
async def test_a_session_is_required_on_each_pad(sessions_only: Member, public: bool) -> None:
    async with Caller(sessions_only.url) as api:
        pad, author, cookie = await group_with_pad(api, public=public)
        link = (await api.getReadOnlyID(padID=pad))["readOnlyID"]
        other, _, foreign = await group_with_pad(api)
        for name in (pad, link):
            for without in ("", foreign):
                await denied(sessions_only, name, without)
                assert await export_status(sessions_only, name, without) == 403
            assert (await let_in(sessions_only, name, cookie))["userId"] == author
            assert await export_status(sessions_only, name, cookie) == 200
        await denied(sessions_only, other, cookie)
        # Who has one may bring the group's pads into being, as long as that is not forbidden too.
        fresh = pad.replace("$notes", "$fresh")
        await denied(sessions_only, fresh)
        await let_in(sessions_only, fresh, cookie)
        assert await there_is(api, fresh)


async def test_pads_of_no_group_are_closed_to_everybody_then(sessions_only: Member) -> None:
    pad, fresh = new_pad(), new_pad()
    async with Caller(sessions_only.url) as api:
        _, _, cookie = await group_with_pad(api)
        await api.createPad(padID=pad, text="x")
        link = (await api.getReadOnlyID(padID=pad))["readOnlyID"]
        for name in (pad, link, fresh):
            for given in ("", cookie):
                await denied(sessions_only, name, given)
                assert await export_status(sessions_only, name, given) == 403
                assert await import_status(sessions_only, name, cookie=given) == 403
        assert not await there_is(api, fresh)
        assert await api.getText(padID=pad) == {"text": "x\n"}  # the key opens it all the same


# --- editOnly ------------------------------------------------------------------------------------


async def test_pads_are_made_by_the_api_only(edits_only: Member) -> None:
    pad, fresh = new_pad(), new_pad()
    async with Caller(edits_only.url) as api:
        await denied(edits_only, fresh)
        assert await export_status(edits_only, fresh) == 403
        for name in ("x.txt", "x.html", "x.etherpad"):
            assert await import_status(edits_only, fresh, name) == 403
        assert not await there_is(api, fresh)
        await api.createPad(padID=pad, text="x")
        link = (await api.getReadOnlyID(padID=pad))["readOnlyID"]
        async with Guest(edits_only.url) as guest:
            await guest.join(pad)
            assert await guest.write("y") is None
            await guest.hears(lambda: guest.heard("ACCEPT_COMMIT"))
        assert (await let_in(edits_only, link))["readonly"] is True
        assert await import_status(edits_only, pad) == 200


async def test_a_deleted_pad_is_nobodys_to_make_anew(edits_only: Member) -> None:
    pad = new_pad()
    async with Caller(edits_only.url) as api:
        await api.createPad(padID=pad, text="x")
        async with Guest(edits_only.url) as guest:
            await guest.join(pad)
            await api.deletePad(padID=pad)
            await guest.hears(lambda: {"disconnect": "deleted"} in guest.messages)
        await denied(edits_only, pad)
        assert not await there_is(api, pad)


async def test_a_session_makes_no_pads_of_its_group_then(portal: Member) -> None:
    async with Caller(portal.url) as api:
        pad, author, cookie = await group_with_pad(api)
        assert (await let_in(portal, pad, cookie))["userId"] == author
        fresh = pad.replace("$notes", "$fresh")
        await denied(portal, fresh, cookie)
        assert await import_status(portal, fresh, cookie=cookie) == 403
        assert await api.listPads(groupID=pad.partition("$")[0]) == {"padIDs": [pad]}


async def test_a_pad_that_goes_away_while_somebody_comes_in_is_not_made(
    join_handler: JoinHandler,
) -> None:
    """It was there when it was looked at, and is not when it is entered."""
    join_handler.settings = replace(join_handler.settings, edit_only=True)
    identity = await join_handler.identify(Handshake("", {}, ""), {"padId": "p"})
    gone = replace(identity, pad_id="gone", requested_id="gone")
    with pytest.raises(TurnedAway, match="deleted"):
        await join_handler.join(Outbound(), gone, {"padId": "gone"})


# --- Groups' pads by token and by hook -----------------------------------------------------------


def by_token(**more: Any) -> str:
    return f"padfleet_token={signed(claims(**more))}"


async def test_a_token_opens_the_groups_pads_that_it_names(with_tokens: Member) -> None:
    async with Caller(with_tokens.url) as api:
        pad, _, cookie = await group_with_pad(api, public=True)
        group = pad.partition("$")[0]
        for pattern in (pad, f"{group}$*", "g.*$notes", "*"):
            found = await let_in(with_tokens, pad, by_token(pads=pattern))
            assert found["userId"] == author_of("ada")
        assert (await let_in(with_tokens, pad, by_token(pads=pad, write=False)))["readonly"] is True
        for pattern in ("notes", f"{group}$other", "g.0000000000000000$*"):
            await denied(with_tokens, pad, by_token(pads=pattern))
        # Neither a session nor that it is public opens it: the token does.
        for without in ("", cookie):
            await denied(with_tokens, pad, without)
            assert await export_status(with_tokens, pad, without) == 403
        assert await export_status(with_tokens, pad, by_token(pads=pad)) == 200


async def test_both_settings_go_with_tokens(strict_with_tokens: Member) -> None:
    plain = new_pad()
    async with Caller(strict_with_tokens.url) as api:
        pad, _, _ = await group_with_pad(api)
        await api.createPad(padID=plain)
        await let_in(strict_with_tokens, pad, by_token())
        await denied(strict_with_tokens, plain, by_token())
        await denied(strict_with_tokens, pad.replace("$notes", "$fresh"), by_token())


@pytest.fixture
def service() -> Iterator[Service]:
    def respond(request: Request) -> tuple[int, bytes]:
        asked = json.loads(request.body)
        allow = asked["cookies"].get("sid") == asked["pad"].partition("$")[2]
        return 200, json.dumps({"allow": allow, "write": True, "author": "ada"}).encode()

    with Service(respond) as running:
        yield running


async def test_a_hook_is_asked_about_groups_pads_too(
    start_worker: StartWorker, service: Service
) -> None:
    worker = start_worker(
        PADFLEET_API_KEY=KEY,
        PADFLEET_AUTH="hook",
        PADFLEET_HOOK_URL=f"{service.url}/may",
        PADFLEET_HOOK_COOKIES="sid",
        PADFLEET_HOOK_TIMEOUT_MS="5000",
    )
    async with Caller(worker.url) as api:
        pad, _, cookie = await group_with_pad(api, public=True)
        assert (await let_in(worker, pad, "sid=notes"))["userId"] == author_of("ada")
        await denied(worker, pad, "sid=other")
        await denied(worker, pad, cookie)
