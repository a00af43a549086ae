"""Tests buckets that do not work as they should: each fault is reported, and nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from padfleet.services.tools.doctor.cold_store import collect_cold
from padfleet.shared.cold.errors import (
    Overwritten,
    StoreAway,
    StoreFull,
    StoreMissing,
    StoreRefuses,
)
from padfleet.shared.cold.layout.pads import ObjectPads
from padfleet.shared.cold.pads import ColdHead
from padfleet.shared.cold.stores.opening import open_store, parse_cold_url
from padfleet.shared.log.damage import CorruptPad
from tests.chaos.bucket import Bucket
from tests.chaos.dialects import DIALECTS
from tests.cold_parts import Written


@pytest.fixture(scope="module", params=sorted(DIALECTS))
def served(request: pytest.FixtureRequest) -> Iterator[Bucket]:
    with Bucket(request.param) as bucket:
        yield bucket


@pytest.fixture
async def bucket(served: Bucket, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bucket]:
    for name, value in served.credentials.items():
        monkeypatch.setenv(name, value)
    served.empty()
    yield served
    served.mend()


@pytest.fixture
def pads(bucket: Bucket) -> ObjectPads:
    return ObjectPads(open_store(parse_cold_url(bucket.url)))


async def kept(pads: ObjectPads, revisions: int = 3) -> tuple[Written, ColdHead]:
    written = Written("pad")
    written.type(revisions)
    return written, await pads.append("pad", None, written.part(0), "frozen")


async def test_a_bucket_that_is_well_is_none_of_these(bucket: Bucket, pads: ObjectPads) -> None:
    await pads.check()
    await kept(pads)
    assert [one.pad async for one in pads.pads()] == ["pad"]
    found = await pads.read("pad")
    assert found is not None
    assert found.head.head == 2


async def test_one_that_refuses_every_condition_is_named(bucket: Bucket, pads: ObjectPads) -> None:
    """With such a bucket no process starts. If a bucket begins to refuse later, nothing is
    changed."""
    _, head = await kept(pads)
    bucket.refusing = True
    with pytest.raises(ValueError, match="conditional writes"):
        await pads.check()
    with pytest.raises(Overwritten):
        await pads.set_mark("pad", head, "live")
    bucket.mend()
    assert await pads.look("pad") == head


@pytest.mark.parametrize("trouble", ["full", "away"])
async def test_what_it_does_not_take_changes_nothing(
    bucket: Bucket, pads: ObjectPads, trouble: str
) -> None:
    written, head = await kept(pads)
    written.type(2)
    setattr(bucket, trouble, True)
    with pytest.raises(StoreFull if trouble == "full" else StoreAway):
        await pads.append("pad", head, written.part(3))
    bucket.mend()
    assert await pads.look("pad") == head
    assert (await pads.append("pad", head, written.part(3))).head == 4


async def test_a_full_bucket_can_be_read(bucket: Bucket, pads: ObjectPads) -> None:
    await kept(pads)
    bucket.full = True
    assert await pads.read("pad") is not None


async def test_the_doctor_tells_a_full_bucket_from_one_that_is_away(bucket: Bucket) -> None:
    bucket.full = True
    facts = await asyncio.to_thread(collect_cold, bucket.url)
    assert facts is not None
    assert isinstance(facts.failed, StoreFull)
    assert "Debug source" not in str(facts.failed), "that is for whoever writes the library"


@pytest.mark.parametrize(
    ("status", "code", "raised", "said"),
    [
        (403, "SignatureDoesNotMatch", StoreRefuses, "SignatureDoesNotMatch"),
        (401, "Unauthorized", StoreRefuses, "Unauthorized"),
        (400, "ExpiredToken", StoreRefuses, "ExpiredToken"),
        (404, "NoSuchBucket", StoreMissing, "there is no such bucket"),
        (507, "InsufficientStorage", StoreFull, "InsufficientStorage"),
    ],
)
async def test_what_a_service_says_becomes_the_error_that_it_means(
    bucket: Bucket, status: int, code: str, raised: type[StoreAway], said: str
) -> None:
    bucket.says = (status, code)
    store = open_store(parse_cold_url(bucket.url))
    for call in (store.get("a"), store.put("a", b"x", over=None)):
        with pytest.raises(StoreAway, match=said) as error:
            await call
        assert type(error.value) is raised


async def test_what_comes_damaged_is_not_handed_out(bucket: Bucket, pads: ObjectPads) -> None:
    await kept(pads)
    bucket.damaged = True
    with pytest.raises(CorruptPad):
        await pads.read("pad")


async def test_I5_nobody_goes_on_from_an_outdated_object(bucket: Bucket, pads: ObjectPads) -> None:
    """The old object has been replaced since, and an attempt to write over it is refused."""
    written, head = await kept(pads)
    written.type(2)
    await pads.append("pad", head, written.part(3), "frozen")
    bucket.old = True
    found = await pads.read("pad")
    assert found is not None
    assert found.head == head
    with pytest.raises(Overwritten):
        await pads.set_mark("pad", found.head, "live")


async def test_a_slow_bucket_is_waited_for(bucket: Bucket, pads: ObjectPads) -> None:
    await kept(pads)
    bucket.slow_s = 0.3
    found = await asyncio.gather(*(pads.read("pad") for _ in range(3)))
    assert all(one is not None for one in found)
