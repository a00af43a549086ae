"""Tests what `padfleet doctor` says about a cold store, and the checks that it runs on one."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from padfleet.services.tools.doctor.cold_store import ColdFacts, collect_cold, judge_cold
from padfleet.shared.cold.errors import Overwritten, StoreAway, StoreFull
from padfleet.shared.cold.probing import probe
from padfleet.shared.cold.store import ColdVersion, StoredObject
from tests.cold_memory import MemoryStore, away
from tests.s3 import s3_server


async def test_one_that_does_what_it_should_is_left_as_it_was() -> None:
    store = MemoryStore()
    await probe(store)
    assert [name async for name in store.names("")] == []


class Careless(MemoryStore):
    """Puts over what it should not."""

    async def put(self, name: str, data: bytes, *, over: ColdVersion | None) -> ColdVersion:
        try:
            return await super().put(name, data, over=over)
        except Overwritten:
            known = await self.get(name)
            return await super().put(name, data, over=known.version if known else None)


class Forgetful(MemoryStore):
    """Says what was there before."""

    def __init__(self) -> None:
        super().__init__()
        self._first: dict[str, StoredObject] = {}

    async def get(self, name: str) -> StoredObject | None:
        found = await super().get(name)
        return self._first.setdefault(name, found) if found is not None else None


class Absent(MemoryStore):
    """Takes everything, and has nothing."""

    async def get(self, name: str) -> StoredObject | None:
        return None


class Unlisted(MemoryStore):
    """A store that lists nothing."""

    async def names(self, prefix: str, after: str = "") -> AsyncIterator[str]:
        nothing: list[str] = []
        for name in nothing:
            yield name


class Undead(MemoryStore):
    """A store that deletes nothing."""

    async def delete(self, name: str, *, over: ColdVersion | None) -> None:
        pass


class Yesterday(MemoryStore):
    """Its clock is a day behind."""

    async def get(self, name: str) -> StoredObject | None:
        found = await super().get(name)
        return found._replace(time=time.time() - 86400) if found is not None else None


@pytest.mark.parametrize(
    ("store", "said"),
    [
        (Careless(), "conditional writes"),
        (Forgetful(), "an overwritten object"),
        (Absent(), "has to be consistent"),
        (Unlisted(), "not in the list"),
        (Undead(), "still there"),
        (Yesterday(), "its clock is -86400 s from ours"),
    ],
)
async def test_one_that_pads_cannot_live_with_is_found_out(store: MemoryStore, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        await probe(store)


async def test_a_store_that_is_away_is_reported() -> None:
    store = MemoryStore()
    store.away = away()
    with pytest.raises(StoreAway):
        await probe(store)


def test_a_directory_is_looked_at(tmp_path: Path) -> None:
    facts = collect_cold(f"file://{tmp_path / 'cold'}")
    assert facts is not None
    (finding,) = judge_cold(facts)
    assert (finding.level, finding.name) in {("ok", "cold store"), ("warn", "cold store")}
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").write_text("x")
    (finding,) = judge_cold(collect_cold(f"file://{tmp_path / 'other'}"))
    assert (finding.level, "not empty" in finding.found) == ("fail", True)


def test_the_disk_of_a_directory_is_found_by_the_name_that_its_url_means(tmp_path: Path) -> None:
    facts = collect_cold(f"file://{tmp_path / 'cold%20pads'}")
    assert facts is not None
    assert (tmp_path / "cold pads").is_dir()
    assert facts.full is not None


def test_a_bucket_is_looked_at_and_no_password_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    # How quick it is depends on the machine.
    monkeypatch.setattr("padfleet.services.tools.doctor.cold_store.SLOW_S", 3600.0)
    with s3_server() as server:
        server.enter(monkeypatch)
        (finding,) = judge_cold(collect_cold(server.url(server.new_bucket(), "cold")))
        assert finding.level == "ok", finding
        (finding,) = judge_cold(collect_cold(server.url("no-such-bucket", "cold")))
        assert finding.level == "fail", finding
    monkeypatch.setattr("padfleet.services.tools.doctor.cold_store.TIMEOUT_S", 5)
    (finding,) = judge_cold(collect_cold("postgresql://padfleet:hush@127.0.0.1:1/etherpad"))
    assert (finding.level, "hush" in finding.found) == ("fail", False)


@pytest.mark.parametrize(
    ("url", "found", "fix"),
    [
        ("file:///proc/cold", "none can be made in /proc", "correct PADFLEET_COLD_URL"),
        ("file:///dev/null", "/dev/null is a file", "correct PADFLEET_COLD_URL"),
        ("file://cold", "from the root on", "correct PADFLEET_COLD_URL"),
        ("s3:///prefix", "names no bucket", "correct PADFLEET_COLD_URL"),
        ("postgresql://p:hush@127.0.0.1:1/pads", "Connect", "whether this machine reaches it"),
    ],
)
def test_what_is_wrong_is_named_with_what_to_do(url: str, found: str, fix: str) -> None:
    (finding,) = judge_cold(collect_cold(url))
    assert finding.level == "fail"
    assert found in finding.found
    assert fix in finding.fix
    assert "hush" not in finding.found


def test_a_bucket_without_credentials_is_told_which_variables_are_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "one of two")
    (finding,) = judge_cold(collect_cold("s3://pads?endpoint=http://127.0.0.1:1&region=x"))
    assert "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in finding.found
    assert "credentials" in finding.fix


def test_without_one_nothing_is_said() -> None:
    assert judge_cold(collect_cold("")) == judge_cold(collect_cold("none")) == []


@pytest.mark.parametrize(
    ("facts", "level", "said"),
    [
        (ColdFacts("file:///x", misnamed="gone"), "fail", "gone"),
        (ColdFacts("file:///x", failed=StoreFull("No space left")), "fail", "x: No space left"),
        (ColdFacts("file:///x", wrong="odd"), "fail", "odd"),
        (ColdFacts("file:///x", took_s=0.1, full=0.95), "warn", "95% full"),
        (ColdFacts("file:///x", took_s=0.1, full=0.5), "ok", "100 ms"),
        (ColdFacts("s3://x", took_s=3), "warn", "3.0 s"),
    ],
)
def test_what_was_found_of_a_store_is_judged(facts: ColdFacts, level: str, said: str) -> None:
    (finding,) = judge_cold(facts)
    assert (finding.level, said in finding.found) == (level, True)
