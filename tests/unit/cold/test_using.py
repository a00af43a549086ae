"""Tests that two fleets never use the same cold store. The second one is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from padfleet.shared.cold import using
from padfleet.shared.cold.etherpad.pads import EtherpadPads
from padfleet.shared.cold.layout.pads import ObjectPads
from padfleet.shared.cold.pads import ColdPads
from padfleet.shared.cold.using import NOBODY, OtherFleetsStore, begin_to_use
from padfleet.shared.log.damage import CorruptPad
from tests.cold_memory import MemoryPads, MemoryStore
from tests.unit.cold.etherpad_cases import MemoryTable

STORES: dict[str, Callable[[], ColdPads]] = {
    "memory": MemoryPads,
    "objects": lambda: ObjectPads(MemoryStore()),
    "a database": lambda: EtherpadPads(MemoryTable()),
}


@pytest.fixture(params=list(STORES.values()), ids=list(STORES))
def cold(request: pytest.FixtureRequest) -> ColdPads:
    made: Callable[[], ColdPads] = request.param
    return made()


class Watched:
    """Replaces the wait for a sign of the other fleet. It counts the waits, and lets the other
    fleet appear."""

    def __init__(self, cold: ColdPads) -> None:
        self.cold = cold
        self.says: str | None = None
        self.times = 0

    async def rest(self, _seconds: float) -> None:
        self.times += 1
        if self.says is not None:
            await self.cold.use(self.says)


@pytest.fixture
def watched(cold: ColdPads, monkeypatch: pytest.MonkeyPatch) -> Watched:
    watched = Watched(cold)
    monkeypatch.setattr(using, "rest", watched.rest)
    return watched


def fleets(*names: str) -> Callable[[], Awaitable[str]]:
    """Returns these names, one after the other, and then the last one."""
    left = list(names)

    async def ours() -> str:
        return left.pop(0) if len(left) > 1 else left[0]

    return ours


async def user(cold: ColdPads) -> str | None:
    found = await cold.used_by()
    return found.fleet if found is not None else None


async def test_nobody_waits_for_a_store_of_its_own(cold: ColdPads, watched: Watched) -> None:
    assert await user(cold) is None
    for _ in range(2):
        await begin_to_use(cold, fleets("1"))
        assert await user(cold) == "1"
    await cold.use(NOBODY)
    await begin_to_use(cold, fleets("2"))
    assert (await user(cold), watched.times) == ("2", 0)


async def test_a_store_whose_fleet_is_gone_is_taken_over(cold: ColdPads, watched: Watched) -> None:
    await cold.use("1")
    await begin_to_use(cold, fleets("2"))
    assert (await user(cold), watched.times) == ("2", 1)


async def test_a_store_whose_fleet_is_there_is_left_to_it(cold: ColdPads, watched: Watched) -> None:
    await cold.use("1")
    watched.says = "1"
    with pytest.raises(OtherFleetsStore, match="PADFLEET_COLD_URL"):
        await begin_to_use(cold, fleets("2"))
    assert await user(cold) == "1"


@pytest.mark.parametrize("says", ["2", NOBODY])
async def test_who_has_become_ours_or_ended_meanwhile_keeps_nobody_out(
    cold: ColdPads, watched: Watched, says: str
) -> None:
    await cold.use("1")
    watched.says = says
    await begin_to_use(cold, fleets("2"))
    assert await user(cold) == "2"


async def test_a_fleet_whose_name_has_changed_meanwhile_is_announced_by_the_new_one(
    cold: ColdPads, watched: Watched
) -> None:
    """As when its Redis is emptied while a process waits."""
    await cold.use("1")
    watched.says = "3"  # by another process of the same fleet
    await begin_to_use(cold, fleets("2", "3"))
    assert await user(cold) == "3"


async def test_what_cannot_be_read_is_no_fleet() -> None:
    store = MemoryStore()
    await store.put("used-by", b"[]", over=None)
    with pytest.raises(CorruptPad):
        await ObjectPads(store).used_by()
