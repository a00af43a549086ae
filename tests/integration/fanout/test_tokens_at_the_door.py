"""Tests PADFLEET_AUTH=jwt with a real worker and real clients."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest
import redis as redis_library

from padfleet.services.fanout.auth.decision import author_of
from padfleet.shared.client import PadError, connect
from tests import signing
from tests.acceptance.npm import new_pad, new_token
from tests.eventually import eventually
from tests.fleet import Fleet, Member
from tests.guest import DENY, Guest
from tests.integration.fanout.conftest import StartWorker
from tests.signing import claims, signed

SHORT = 5
"""The lifetime in seconds of a token that is meant to expire. It is long enough to join with on a
busy machine."""


@pytest.fixture(scope="module")
def worker(start_worker: StartWorker) -> Member:
    return start_worker(
        PADFLEET_AUTH="jwt",
        PADFLEET_JWT_SECRET=signing.SECRET,
        PADFLEET_JWT_AUDIENCE="pads",
        PADFLEET_JWT_LEEWAY_S="0",
    )


def token(key: signing.Private | str = signing.SECRET, **more: Any) -> str:
    return signed(claims(**{"aud": "pads", **more}), key)


def with_cookie(worker: Member, value: str) -> Guest:
    return Guest(worker.url, cookie=f"lang=de; padfleet_token={value}")


@asynccontextmanager
async def pad_of(worker: Member, name: str, **more: Any) -> AsyncIterator[Any]:
    """Opens the pad with our own client and a token that permits everything."""
    headers = {"Cookie": f"padfleet_token={token(**more)}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        connect(f"{worker.url}/p/{name}", http=http) as pad,
    ):
        yield pad


def denials(worker: Member, reason: str) -> float:
    return worker.metric(f'padfleet_fanout_denied_total{{reason="{reason}"}}')


# --- Coming in -----------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["cookie", "auth", "query", "cookie in the query"])
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_a_token_is_taken_from_each_place(worker: Member, way: str, transport: str) -> None:
    value = token(sub="ada", name="Ada 😀", color="#aabbcc")
    kinds: dict[str, dict[str, Any]] = {
        "cookie": {"cookie": f"padfleet_token={value}"},
        "auth": {"auth": {"padfleet_token": value}},
        "query": {"query": f"padfleet_token={value}"},
        "cookie in the query": {"query": f"cookie=padfleet_token%3D{value}"},
    }
    async with Guest(worker.url, transports=(transport,), **kinds[way]) as guest:
        await guest.join(new_pad())
        found = guest.vars
    assert found["userId"] == author_of("ada")
    assert found["userName"] == "Ada 😀"
    assert found["userColor"] == "#aabbcc"
    assert found["readonly"] is False


async def told_of(worker: Member, pad: str, guest: Guest) -> set[str | None]:
    """Returns the names under which another person sees a guest who calls itself eve."""
    async with with_cookie(worker, token(sub="watcher")) as watcher:
        await watcher.join(pad)
        info = {"name": "eve", "colorId": "#010203"}
        assert await guest.collab("USERINFO_UPDATE", userInfo=info) is None

        def seen() -> list[dict[str, Any]]:
            found = (news["userInfo"] for news in watcher.heard("USER_NEWINFO"))
            return [who for who in found if who["userId"] == guest.vars["userId"]]

        await watcher.hears(lambda: [who for who in seen() if who["colorId"] == "#010203"])
        return {who["name"] for who in seen()}


async def test_a_client_cannot_choose_its_author(worker: Member) -> None:
    """The browser's own author token, and another name, are passed over."""
    pad, shared = new_pad(), new_token()
    authors = []
    for sub in ("ada", "bob"):
        async with with_cookie(worker, token(sub=sub, name=sub)) as guest:
            await guest.join(pad, token=shared, userInfo={"name": "eve", "colorId": "#000000"})
            authors.append(guest.vars["userId"])
            assert guest.vars["userName"] == sub
            assert guest.vars["userColor"] == "#000000", "what is not given may be chosen"
            assert await told_of(worker, pad, guest) == {sub}
    assert authors == [author_of("ada"), author_of("bob")]


async def test_the_author_is_the_same_again_and_has_a_colour(worker: Member) -> None:
    found = []
    for _ in range(2):
        async with with_cookie(worker, token(sub="carol")) as guest:
            await guest.join(new_pad())
            found.append((guest.vars["userId"], guest.vars["userColor"]))
    assert found[0] == found[1]
    assert found[0][1] in range(64)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "no_token"),
        ("hello", "malformed_token"),
        (signing.made_up({"alg": "none"}, claims(aud="pads")), "algorithm"),
        (token(signing.rsa()), "algorithm"),
        (token(signing.SECRET[::-1]), "signature"),
        (token(exp=int(time.time()) - 1), "expired"),
        (token(nbf=int(time.time()) + 3000), "not_yet_valid"),
        (token(exp=int(time.time()) + 100_000), "lifetime"),
        (token(aud="shop"), "audience"),
        (token(sub=None), "claims"),
        (token(pads="somewhere-else*"), "pad"),
        (token(pads=["R*", "r*", "r.*"]), "pad"),
    ],
)
async def test_a_bad_token_is_denied_and_not_told_why(
    worker: Member, shared_fleet: Fleet, value: str, reason: str
) -> None:
    before, pad = denials(worker, reason), new_pad()
    async with with_cookie(worker, value) as guest:
        error = await guest.ready(pad)
        assert error == {"name": "Error", "message": "access denied"}, "and not why"
        assert guest.messages == [DENY]
        error = await guest.collab("USER_CHANGES", baseRev=0, changeset="Z:1>0$", apool={})
        assert "pre-CLIENT_READY" in error["message"]
    assert denials(worker, reason) == before + 1
    with redis_library.Redis.from_url(shared_fleet.redis_url) as client:
        assert list(client.scan_iter(f"*{pad}*")) == [], "nobody in particular has made nothing"


async def test_another_pads_read_only_address_opens_nothing(worker: Member) -> None:
    mine, theirs = new_pad(), new_pad()
    async with with_cookie(worker, token()) as guest:
        await guest.join(theirs)
        address = guest.vars["readOnlyId"]
    async with with_cookie(worker, token(pads=mine)) as guest:
        await guest.join(mine)
        assert (await guest.ready(address))["message"] == "access denied"
        assert guest.messages[-1] == DENY
    async with with_cookie(worker, token(pads=address)) as guest:
        await guest.join(address)
        assert guest.vars["readonly"] is True
        assert theirs not in str(guest.messages)
        assert (await guest.ready(theirs))["message"] == "access denied"


async def test_a_pad_id_that_looks_like_a_path(worker: Member) -> None:
    """It would be a pad of its own here, and another's to a proxy that tidies up."""
    pad = new_pad()
    async with with_cookie(worker, token(pads="team/*")) as guest:
        for wanted in (f"team/../{pad}", "team/..", f"team/./{pad}", f"team\\..\\{pad}"):
            assert (await guest.ready(wanted))["message"] == "access denied", wanted
    async with with_cookie(worker, token(pads="team/*")) as guest:
        await guest.join(f"team/{pad}")


async def test_a_pattern_is_for_the_name_that_the_pad_comes_to_have(worker: Member) -> None:
    """White space and colons of a new pad's name become `_`, so that is what may be let in."""
    pad = new_pad()
    async with with_cookie(worker, token(pads=f"a_{pad}")) as guest:
        await guest.join(f"a :: {pad}".replace(" :: ", ":"))
        assert guest.vars["padId"] == f"a_{pad}"
    async with with_cookie(worker, token(pads=f"a:{pad}")) as guest:
        assert (await guest.ready(f"a:{pad}"))["message"] == "access denied"


# --- Reading -------------------------------------------------------------------------------------


async def test_a_reader_sees_everything_and_changes_nothing(worker: Member) -> None:
    name = new_pad()
    async with pad_of(worker, name, sub="writer") as pad:
        await pad.append("written")
        async with with_cookie(worker, token(write="read")) as reader:
            await reader.join(name)
            assert reader.vars["readonly"] is True
            # Who comes right after another is greeted with the same text, and told what came since.
            greeted = "written" in str(reader.vars["collab_client_vars"])
            await reader.hears(lambda: greeted or "written" in str(reader.heard("NEW_CHANGES")))
            error = await reader.write("no")
            assert error["message"] == "COLLABROOM: write attempt on read-only pad"
            error = await reader.collab("PAD_DELETE", data={"padId": name})
            assert error["message"] == "COLLABROOM: write attempt on read-only pad"
            await pad.append("more")
            await reader.hears(lambda: reader.heard("NEW_CHANGES"))
        assert pad.text.count("no") == 0


async def test_a_reader_cannot_create_a_pad(worker: Member, shared_fleet: Fleet) -> None:
    pad = new_pad()
    async with with_cookie(worker, token(write=False)) as reader:
        assert (await reader.ready(pad))["message"] == "access denied"
    with redis_library.Redis.from_url(shared_fleet.redis_url) as client:
        assert list(client.scan_iter(f"*{pad}*")) == []


# --- Running out ---------------------------------------------------------------------------------


async def test_a_session_ends_with_its_token_and_no_other_does(worker: Member) -> None:
    name = new_pad()
    async with AsyncExitStack() as stack:
        pad = await stack.enter_async_context(pad_of(worker, name, sub="stays"))
        short = token(sub="goes", exp=int(time.time()) + SHORT)
        guest = await stack.enter_async_context(with_cookie(worker, short))
        await guest.join(name)
        assert await guest.write("mine") is None
        await guest.hears(lambda: guest.heard("ACCEPT_COMMIT"))
        (accepted,) = guest.heard("ACCEPT_COMMIT")
        await guest.hears(lambda: DENY in guest.messages, "that access is gone")
        await pad.until(lambda: not pad.users)

        error = await guest.write("after", base=accepted["newRev"])
        assert "pre-CLIENT_READY" in error["message"]
        assert (await guest.ready(name))["message"] == "access denied", "it is the same token"
        await pad.append("still here")
        assert "mine" in pad.text
        assert "after" not in pad.text
        assert pad.resumes == 0
        heard = len(guest.messages)

        again = await stack.enter_async_context(with_cookie(worker, token(sub="goes")))
        await again.join(name, reconnect=True, client_rev=accepted["newRev"])
        missed = again.heard("CLIENT_RECONNECT")
        assert [m["newRev"] for m in missed] == [accepted["newRev"] + 1]
        assert len(guest.messages) == heard, "who is out hears nothing any more"
    assert denials(worker, "expired") >= 2


async def test_with_a_renewed_cookie_a_page_goes_on_by_itself(start_worker: StartWorker) -> None:
    """PADFLEET_AUTH_EXPIRED=reconnect: it is not told anything, and loses nothing."""
    worker = start_worker(
        PADFLEET_AUTH="jwt",
        PADFLEET_JWT_SECRET=signing.SECRET,
        PADFLEET_JWT_LEEWAY_S="0",
        PADFLEET_AUTH_EXPIRED="reconnect",
    )
    jar = aiohttp.CookieJar(unsafe=True)  # that is: for addresses, too
    jar.update_cookies({"padfleet_token": token(exp=int(time.time()) + SHORT)})
    async with (
        aiohttp.ClientSession(cookie_jar=jar) as http,
        connect(f"{worker.url}/p/{new_pad()}", http=http) as pad,
    ):
        jar.update_cookies({"padfleet_token": token(exp=int(time.time()) + 2 * SHORT)})
        await pad.append("first")
        await eventually(lambda: pad.resumes == 1, "it has come back", timeout=30)
        await pad.append("second")
        assert pad.text.count("first") == pad.text.count("second") == 1
        # And now it is not renewed.
        with pytest.raises(PadError, match="no access"):
            await pad.until(lambda: False)


# --- What is logged ------------------------------------------------------------------------------


async def test_no_secret_and_no_token_is_in_the_logs(worker: Member) -> None:
    good, bad = token(), token(signing.SECRET[::-1])
    for value in (good, bad):
        async with with_cookie(worker, value) as guest:
            await guest.ready(new_pad())
    log = worker.log.read_text()
    assert "the token's signature is wrong" in log
    for value in (signing.SECRET, *good.split("."), *bad.split(".")[1:]):
        assert value not in log
