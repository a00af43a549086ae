"""Tests chat, saved revisions, settings, timeslider and deletion with pads on several nodes."""

from __future__ import annotations

from pathlib import Path

from redis.crc import key_slot

from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.log.keys import SLOTS, Keyspace
from tests.fleet import Fleet
from tests.guest import Guest

PARTITIONS = 9


async def test_everything_beside_the_revisions_goes_over_a_cluster(
    cluster: list[EmbeddedServer], cluster_url: str, tmp_path: Path
) -> None:
    pads, keyspace = [f"pad-{number}" for number in range(6)], Keyspace(PARTITIONS)
    nodes = {key_slot(keyspace.pad(pad).chat.encode()) * len(cluster) // SLOTS for pad in pads}
    assert nodes == {0, 1, 2}, "these pads do not reach all nodes"
    with Fleet(cluster_url, tmp_path, {"PADFLEET_PARTITIONS": str(PARTITIONS)}) as fleet:
        one, two = fleet.start(writers=1, workers=2).urls
        for pad in pads:
            await use(pad, one, two)


async def use(pad: str, one: str, two: str) -> None:
    async with Guest(one) as ada, Guest(two) as bob:
        await ada.join(pad, padSettingsDefaults={"lang": "de"})
        assert await ada.collab("CHAT_MESSAGE", message={"text": pad}) is None
        assert await ada.collab("SAVE_REVISION") is None
        await bob.join(pad)
        assert bob.vars["chatHead"] == 0
        assert len(bob.vars["savedRevisions"]) == 1
        assert bob.vars["initialOptions"]["lang"] == "de"
        assert await bob.collab("GET_CHAT_MESSAGES", start=0, end=0) is None
        data = {"start": 0, "granularity": 1, "requestID": 1}
        assert await bob.ask({"component": "pad", "type": "CHANGESET_REQ", "data": data}) is None
        await bob.hears(lambda: bob.heard("CHAT_MESSAGES"))
        gone = {"padId": pad, "deletionToken": ada.vars["padDeletionToken"]}
        assert await bob.collab("PAD_DELETE", data=gone) is None
        await ada.hears(lambda: {"disconnect": "deleted"} in ada.messages)
