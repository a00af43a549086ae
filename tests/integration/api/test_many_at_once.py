"""Tests more simultaneous calls than there are connections to Redis. No request fails because of
them, least of all those of people who join and type at the same worker."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial

import aiohttp
import pytest

from padfleet.services.web.api.dispatch import AT_ONCE
from tests.fleet import Fleet
from tests.guest import Guest
from tests.integration.api.caller import KEY, ApiFailed, Caller

CALLS = 500
PEOPLE = 8
EDITS = 5


async def statuses(api: Caller, name: str, count: int, /, **fields: str) -> list[int]:
    """Begins this many calls at the same time and returns their statuses. Asserts that each refused
    call is told when to come again."""

    async def one(number: int) -> int:
        url = f"{api.url}/api/1.3.0/{name}"
        given = {field: value.format(number=number) for field, value in fields.items()}
        async with api.http.post(url, data={"apikey": KEY, **given}) as response:
            answer = await response.json()
            if response.status == 503:
                assert response.headers["Retry-After"] == "1"
                assert "come again" in answer["message"]
            return response.status

    return list(await asyncio.gather(*(one(number) for number in range(count))))


def accepted(guest: Guest, edits: int) -> bool:
    return len(guest.heard("ACCEPT_COMMIT")) >= edits


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("getText", {"padID": "crowded"}),
        ("createPad", {"padID": "made-{number}", "text": "x"}),
        # Two more that read, and one more that writes.
        pytest.param("getRevisionsCount", {"padID": "crowded"}, marks=pytest.mark.thorough),
        pytest.param("listAuthorsOfPad", {"padID": "crowded"}, marks=pytest.mark.thorough),
        pytest.param(
            "createAuthorIfNotExistsFor",
            {"authorMapper": "m{number}", "name": "n{number}"},
            marks=pytest.mark.thorough,
        ),
    ],
)
async def test_five_hundred_calls_while_people_join_and_type(
    fleet: Fleet, api: Caller, name: str, fields: dict[str, str]
) -> None:
    with suppress(ApiFailed):  # it is there already
        await api.createPad(padID="crowded", text="hello")
    # With a limit of its own, the client's library would hold most of them back.
    await api.http.close()
    api.http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
    calling = asyncio.ensure_future(statuses(api, name, CALLS, **fields))

    async def visit(number: int) -> None:
        async with Guest(fleet.urls[0]) as guest:
            await guest.join(f"of-{number}-{name}")
            for edit in range(EDITS):
                rev = guest.vars["collab_client_vars"]["rev"]
                assert await guest.write(f"{edit}", base=rev) is None
                await guest.hears(partial(accepted, guest, edit + 1))
            assert guest.connected

    await asyncio.gather(*(visit(number) for number in range(PEOPLE)))
    answers = await calling
    assert set(answers) <= {200, 503}, sorted(set(answers))
    # How many get their turn within the ten seconds depends on the machine; the first ones do.
    assert answers.count(200) >= AT_ONCE, "turned away is who waits too long, not everybody"
