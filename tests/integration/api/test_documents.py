"""Tests the API's description of itself and its REST-style paths on a worker."""

from __future__ import annotations

from typing import Any

import pytest

from padfleet.services.web.api.description import openapi
from padfleet.services.web.api.resources import OPERATIONS
from padfleet.services.web.api.versions import CURRENT, VERSIONS
from tests.acceptance.npm import new_pad
from tests.integration.api.caller import KEY, Caller


async def told(api: Caller, path: str, **headers: str) -> tuple[int, Any]:
    async with api.http.get(api.url + path, headers=headers) as answer:
        return answer.status, await answer.json()


@pytest.mark.parametrize("style", ["api", "rest"])
async def test_each_version_describes_itself(api: Caller, style: str) -> None:
    for version in VERSIONS:
        found = await told(api, f"/{style}/{version}/openapi.json")
        assert found == (200, openapi(version, style))
    assert await told(api, f"/{style}/openapi.json") == (200, openapi(CURRENT, style))
    status, answer = await told(api, f"/{style}/9.9/openapi.json")
    assert (status, answer["code"]) == (404, 3)


async def test_other_sites_may_read_that_and_nothing_else(api: Caller) -> None:
    for path in ("/api/openapi.json", "/api-docs.json"):
        async with api.http.get(api.url + path) as answer:
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
    call = f"/rest/1.3.0/pad/listAll?apikey={KEY}"
    for path in ("/api", call, call.replace("rest", "api").replace("pad/listAll", "listAllPads")):
        async with api.http.get(api.url + path) as answer:
            assert answer.status == 200
            assert "Access-Control-Allow-Origin" not in answer.headers


async def test_the_page_about_the_api_names_its_calls(api: Caller) -> None:
    async with api.http.get(f"{api.url}/api-docs") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/html"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "createDiffHTML" in await answer.text()
    assert await told(api, "/api-docs.json") == (200, openapi(CURRENT, "api"))


async def test_calls_in_rest_style(api: Caller) -> None:
    pad = new_pad()
    url = f"{api.url}/rest/1.3.1"
    form = {"apikey": KEY, "padID": pad, "text": "hello"}
    async with api.http.post(f"{url}/pad/create", data=form) as answer:
        assert (await answer.json())["code"] == 0
    # The key goes in a header of its own, too.
    for end in ("", "/"):
        found = await told(api, f"/rest/1.3.1/pad/getText{end}?padID={pad}", apikey=KEY)
        assert found == (200, {"code": 0, "message": "ok", "data": {"text": "hello\n"}})
    assert (await told(api, "/api/1.3.1/checkToken", apikey=KEY))[0] == 200
    wrong = (401, {"code": 4, "message": "no or wrong API Key", "data": None})
    assert await told(api, "/rest/1.3.1/pad/getText", apikey="x") == wrong
    assert await told(api, "/rest/1.3.1/pad/getText") == wrong


async def test_each_function_is_served_in_both_styles(api: Caller) -> None:
    for version, functions in VERSIONS.items():
        for name in functions:
            for path in (f"/api/{version}/{name}", f"/rest/{version}/{OPERATIONS[name].path}"):
                status, answer = await told(api, path)
                assert (status, answer["code"]) == (401, 4), path


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/rest/1.3.1/pad/nonsense", "no such function"),
        ("/rest/1.3.1/nothing/create", "no such function"),
        ("/rest/1.3.1/getText", "no such function"),
        ("/rest/1.3.1/pad/getText/more", "no such function"),
        ("/rest/1.2.1/pad/getChatHead", "no such function"),
        ("/rest/7/pad/getText", "no such api version"),
        ("/rest", "no such function"),
    ],
)
async def test_what_does_not_exist_is_answered_with_404(
    api: Caller, path: str, message: str
) -> None:
    assert await told(api, path) == (404, {"code": 3, "message": message, "data": None})
