"""Tests the limits on pads that are imported from other people's files."""

from __future__ import annotations

import io
from typing import Any

import pytest

from padfleet.shared.easysync import make_splice
from padfleet.shared.etherpad.bring import Bounds, bring_pad
from padfleet.shared.etherpad.jsonfile import open_etherpad_file
from padfleet.shared.etherpad.records import BadRecord
from padfleet.shared.log.connection.connect import Redis, open_redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.wire.jsontext import dumps


def records(revisions: int, *, attributes: int = 1) -> dict[str, Any]:
    """Returns the records of a pad that grows by ten characters with each revision."""
    pool = {str(number): ["author", f"a.{number}"] for number in range(attributes)}
    found: dict[str, Any] = {}
    text = "\n"
    for rev in range(revisions):
        splice = make_splice(text, 0, 0, "0123456789", f"*{rev % attributes}")
        found[f"pad:p:revs:{rev}"] = {"changeset": splice, "meta": {"author": "a.0"}}
        text = "0123456789" + text
    return found | {
        "pad:p": {
            "head": revisions - 1,
            "pool": {"numToAttrib": pool, "nextNum": attributes},
            "atext": {"text": text, "attribs": ""},
        }
    }


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        (Bounds(units=100, attributes=100), "longer than 100"),
        (Bounds(units=1000, attributes=2), "more than 2 attributes"),
        (Bounds(units=201, attributes=3), None),
    ],
)
async def test_a_pad_that_is_too_large_is_not_brought(
    redis_url: str, bounds: Bounds, said: str | None
) -> None:
    redis: Redis = open_redis(redis_url)
    await redis.start()
    try:
        keyspace = Keyspace(4)
        source = await open_etherpad_file(io.BytesIO(dumps(records(20, attributes=3)).encode()))
        given: dict[str, Any] = {"as_id": "p", "replace": False, "bounds": bounds}
        if said is None:
            brought = await bring_pad(redis, keyspace, source, "p", **given)
            assert brought.head == 19
        else:
            with pytest.raises(BadRecord, match=said):
                await bring_pad(redis, keyspace, source, "p", **given)
            assert not (await read_meta(redis, keyspace.pad("p"))).exists
            assert await redis.client.keys("*staging*") == []
    finally:
        await redis.close()
