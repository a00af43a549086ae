"""Tests the API of a closed fleet, of a fleet without a key, and of a fleet whose writer dies
during a call."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from padfleet.services.tools.up.server import EmbeddedServer
from tests.fleet import Fleet
from tests.guest import DENY, Guest
from tests.integration.api.caller import KEY, Caller
from tests.signing import SECRET, claims, signed
from tests.tools import padfleet


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    with EmbeddedServer(tmp_path / "redis", extra_args=("--appendfsync", "no")) as running:
        yield running


async def status(api: Caller, path: str, **headers: str) -> int:
    async with api.http.get(f"{api.url}/p/{path}", headers=headers) as response:
        return response.status


async def test_files_are_for_who_has_a_token(server: EmbeddedServer, tmp_path: Path) -> None:
    settings = {"PADFLEET_AUTH": "jwt", "PADFLEET_JWT_SECRET": SECRET, "PADFLEET_API_KEY": KEY}
    with Fleet(server.url, tmp_path, settings) as fleet:
        fleet.start(workers=1)
        async with Caller(fleet.urls[0]) as api:
            made = await api.createPad(padID="notes", text="x")
            assert made == {"deletionToken": None}  # of no use here
            read_only = (await api.getReadOnlyID(padID="notes"))["readOnlyID"]
            reader = signed(claims(pads=["notes"], write=False))
            for name in ("notes", read_only):
                path = f"{name}/export/txt"
                assert await status(api, path) == 403
                assert await status(api, path, Authorization="Bearer nonsense") == 403
                assert await status(api, path, Authorization=f"Bearer {reader}") == 200
                assert await status(api, path, Cookie=f"padfleet_token={reader}") == 200
            assert await status(api, "other/export/txt", Cookie=f"padfleet_token={reader}") == 403
            # So does a group's pad: its token says who may, and the key opens it all the same.
            group = (await api.createGroup())["groupID"]
            grouped = (await api.createGroupPad(groupID=group, padName="p", text="x"))["padID"]
            everything = signed(claims(pads=["*"]))
            path = f"{grouped}/export/txt"
            assert await status(api, path, Cookie=f"padfleet_token={everything}") == 200
            assert await status(api, path, Cookie=f"padfleet_token={reader}") == 403
            async with Guest(fleet.urls[0], cookie=f"padfleet_token={reader}") as guest:
                await guest.ready(grouped)
                await guest.hears(lambda: DENY in guest.messages)
            assert await api.getText(padID=grouped) == {"text": "x\n"}
            # Who may only read imports nothing.
            api.http.headers.update({"Cookie": f"padfleet_token={reader}"})
            async with api.http.post(f"{api.url}/p/notes/import") as response:
                assert response.status == 403
            api.http.headers.update({"Cookie": f"padfleet_token={everything}"})
            assert (await api.upload("notes", "a.txt", b"new"))["code"] == 0
            assert await api.getText(padID="notes") == {"text": "new\n"}
            # A file could say of any text that it is somebody else's.
            async with api.http.get(f"{api.url}/p/notes/export/etherpad") as response:
                file = await response.read()
            answer = await api.upload("copy", "notes.etherpad", file)
            assert (answer["code"], answer["message"]) == (1, "uploadFailed")


async def test_without_a_key_the_api_is_off_and_says_so(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    with Fleet(server.url, tmp_path) as fleet:
        fleet.start(workers=1)
        async with Caller(fleet.urls[0], key="") as api:
            code, message = await api.refusal("checkToken")
            assert code == 4
            assert "PADFLEET_API_KEY" in message
            async with Guest(fleet.urls[0]) as guest:
                await guest.join("notes")
            assert await status(api, "notes/export/txt") == 200


async def test_the_key_of_the_api_is_read_from_a_file(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    file = tmp_path / "APIKEY.txt"
    file.write_text(f" {KEY}\n")
    with Fleet(server.url, tmp_path, {"PADFLEET_API_KEY_FILE": str(file)}) as fleet:
        fleet.start(workers=1)
        async with Caller(fleet.urls[0]) as api:
            assert await api.checkToken() is None
    words = ["fanout", "--api-key-file", tmp_path / "none", "--port", "1"]
    ended = await padfleet(server.url, *words)
    assert (ended.code, "No such file" in ended.err) == (2, True), ended
    ended = await padfleet(server.url, *words, PADFLEET_API_KEY=KEY)
    assert (ended.code, "keep only one" in ended.err) == (2, True), ended
    ended = await padfleet(server.url, "fanout", PADFLEET_API_KEY="short")
    assert (ended.code, "shorter than 8 characters" in ended.err) == (2, True), ended


async def test_I2_a_call_outlives_the_writer_and_counts_once(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    settings = {"PADFLEET_API_KEY": KEY, "PADFLEET_COMMIT_TIMEOUT_MS": "60000"}
    with Fleet(server.url, tmp_path, settings) as fleet:
        fleet.start(workers=1)
        async with Caller(fleet.urls[0]) as api:
            await api.createPad(padID="kept", text="")
            fleet.writers[0].kill()
            calls = [
                asyncio.create_task(api.appendText(padID="kept", text=f"<{n}>")) for n in range(5)
            ]
            made = asyncio.create_task(api.createPad(padID="made", text="x"))
            await asyncio.to_thread(fleet.restart, fleet.writers[0])
            await asyncio.gather(*calls, made)
            text = (await api.getText(padID="kept"))["text"]
            assert sorted(text.replace(">", "> ").split()) == [f"<{n}>" for n in range(5)]
            assert await api.getRevisionsCount(padID="kept") == {"revisions": 5}
            assert await api.getText(padID="made") == {"text": "x\n"}
