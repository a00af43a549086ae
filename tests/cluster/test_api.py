"""Tests the HTTP API with calls whose keys are on several servers."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from padfleet.shared.client import connect
from tests.fleet import Fleet
from tests.integration.api.caller import KEY, Caller
from tests.tools import padfleet


async def test_the_api_over_all_shards(cluster_url: str, tmp_path: Path) -> None:
    settings = {"PADFLEET_PARTITIONS": "8", "PADFLEET_API_KEY": KEY}
    with Fleet(cluster_url, tmp_path, settings) as fleet:
        fleet.start(writers=1, workers=2)
        async with Caller(fleet.urls[0]) as api, Caller(fleet.urls[1]) as other:
            author = (await api.createAuthorIfNotExistsFor(authorMapper="7", name="Ada"))[
                "authorID"
            ]
            pads = [f"pad-{number}" for number in range(12)]
            await asyncio.gather(
                *(api.createPad(padID=pad, text=pad, authorId=author) for pad in pads)
            )
            await asyncio.gather(*(other.appendText(padID=pad, text="!") for pad in pads))
            for pad in pads:
                assert await api.getText(padID=pad) == {"text": f"{pad}!\n"}
            assert await other.listAllPads() == {"padIDs": sorted(pads)}
            assert await api.listPadsOfAuthor(authorID=author) == {"padIDs": sorted(pads)}
            await api.appendChatMessage(padID="pad-1", text="hello", authorID=author)
            for number in range(4):  # to other partitions
                await api.copyPad(sourceID="pad-1", destinationID=f"copy-{number}")
                assert await api.getText(padID=f"copy-{number}") == {"text": "pad-1!\n"}
                assert await api.getChatHead(padID=f"copy-{number}") == {"chatHead": 0}
            group = (await api.createGroupIfNotExistsFor(groupMapper="team"))["groupID"]
            grouped = (await api.createGroupPad(groupID=group, padName="p", text="x"))["padID"]
            until = str(int(time.time()) + 1000)
            session = await api.createSession(groupID=group, authorID=author, validUntil=until)
            assert list(await other.listSessionsOfGroup(groupID=group)) == [session["sessionID"]]
            async with connect(f"{fleet.urls[1]}/p/pad-1"):
                stats = await api.getStats()
                assert stats == {"totalPads": 17, "totalSessions": 1, "totalActivePads": 1}
            file = await api.export("pad-1", "etherpad")
            assert (await other.upload("back", "x.etherpad", file))["code"] == 0
            assert await api.getText(padID="back", rev="0") == {"text": "pad-1\n"}
            await api.deleteGroup(groupID=group)
            assert (await other.refusal("getText", padID=grouped))[1] == "padID does not exist"
            folder = tmp_path / "files"
            folder.mkdir()
            ended = await padfleet(cluster_url, "export", "--to", folder)
            assert ended.code == 0, ended
            ended = await padfleet(
                cluster_url, "import", folder / "pad-2.etherpad", "--as", "pad-2-again"
            )
            assert ended.code == 0, ended
            assert await api.getText(padID="pad-2-again") == {"text": "pad-2!\n"}
