"""Tests pads stored as objects. After any append, cut or damage, a read returns what was stored or
refuses."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from padfleet.shared.cold.errors import Overwritten, StoreAway
from padfleet.shared.cold.layout import appending, pad_parts
from padfleet.shared.cold.layout import parts as layout_parts
from padfleet.shared.cold.layout.heads import decode_head
from padfleet.shared.cold.layout.index import ColdIndex
from padfleet.shared.cold.layout.names import head_name
from padfleet.shared.cold.layout.pads import ObjectPads
from padfleet.shared.cold.pads import ColdHead, ColdPad, ColdPads, with_authors
from padfleet.shared.cold.store import ColdVersion, StoredObject
from padfleet.shared.cold.stores.files import FileStore
from padfleet.shared.log.damage import CorruptPad
from tests.cold_memory import MemoryPads, MemoryStore
from tests.cold_parts import Written
from tests.examples import examples


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the limits of a head small, so that short pads have parts too."""
    make_small(monkeypatch)


def make_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(appending, "HISTORY_BYTES", 700)
    monkeypatch.setattr(appending, "CHAT_BYTES", 150)
    monkeypatch.setattr(appending, "BESIDE_BYTES", 60)
    monkeypatch.setattr(appending, "FULL", 6000)
    monkeypatch.setattr(layout_parts, "FULL", 6000)


class CountingStore(MemoryStore):
    """Says what was asked of it, and fails the calls from one on."""

    def __init__(self) -> None:
        super().__init__()
        self.gets: list[tuple[str, int]] = []
        self.puts: list[tuple[str, int]] = []
        self.fails_from: int | None = None
        self.calls = 0

    def _count(self) -> None:
        self.calls += 1
        if self.fails_from is not None and self.calls > self.fails_from:
            raise StoreAway("killed")

    async def get(self, name: str) -> StoredObject | None:
        self._count()
        found = await super().get(name)
        self.gets.append((name, len(found.data) if found is not None else 0))
        return found

    async def put(self, name: str, data: bytes, *, over: ColdVersion | None) -> ColdVersion:
        self._count()
        self.puts.append((name, len(data)))
        return await super().put(name, data, over=over)

    async def delete(self, name: str, *, over: ColdVersion | None) -> None:
        self._count()
        await super().delete(name, over=over)


async def all_of_it(pads: ColdPads, pad: str, found: ColdPad) -> list[bytes]:
    records: list[bytes] = []
    async for part in pads.revisions(pad, found.head.epoch, 0, found.head.head):
        assert part.first == len(records)
        assert 0 < len(part.records) <= 500
        records += part.records
    return records


def comparable(found: ColdPad) -> object:
    """Returns everything but what each store chooses for itself."""
    head = found.head._replace(version="", written=0)
    chat = [(name, list(flat)) for name, flat in found.chat]
    authors = [(name, list(flat)) for name, flat in found.authors]
    return (head, found.state, found.snapshot, found.revisions, chat, list(found.saved), authors)


STEPS = st.one_of(
    st.tuples(st.just("type"), st.integers(1, 700)),
    st.tuples(st.just("type"), st.integers(1, 9)),
    st.tuples(st.just("branch"), st.integers(1, 40)),
    st.tuples(st.just("shorten"), st.integers(1, 40)),
    st.tuples(st.just("branch"), st.integers(200, 1500)),
    st.tuples(st.just("snapshot"), st.integers(0, 300)),
    st.tuples(st.just("chat"), st.integers(1, 30)),
    st.tuples(st.just("said again"), st.integers(0, 30)),
    st.tuples(st.just("unsaid"), st.integers(1, 5)),
    st.tuples(st.just("saved"), st.integers(0, 9)),
    st.tuples(st.just("authors"), st.integers(1, 9)),
    st.tuples(st.just("mark"), st.integers(0, 1)),
    st.tuples(st.just("epoch"), st.integers(1, 30)),
    st.tuples(st.just("deleted"), st.integers(1, 30)),
)


class Twins:
    """The same calls to a model and to what is tested."""

    def __init__(self) -> None:
        self.model = MemoryPads()
        self.store = CountingStore()
        self.pads = ObjectPads(self.store)
        self.written = Written()
        self.heads: tuple[ColdHead, ColdHead] | None = None
        self.salt = 0

    async def step(self, kind: str, number: int) -> None:
        written = self.written
        first = written.head + 1
        more: dict[str, object] = {}
        if self.heads is None or kind in ("epoch", "deleted"):
            if kind == "deleted" and self.heads is not None:
                await self.model.delete("pad", self.heads[0])
                await self.pads.delete("pad", self.heads[1])
                assert await self.pads.look("pad") is None
                self.heads = None
            self.written = written = Written(epoch=written.epoch + 1)
            first = 0
            written.type(max(1, number))
        elif kind == "type":
            written.type(number)
        elif kind in ("branch", "shorten"):
            written.roll_back(min(number, written.head))
            first = written.head + 1
            self.salt += 1
            if kind == "branch":
                written.type(number // 2 + 1, salt=f"s{self.salt}")
        elif kind == "snapshot":
            more["snapshot"] = max(0, written.head - number)
        elif kind == "chat":
            more["messages"] = range(written.chat + 1, written.chat + 1 + number)
        elif kind == "said again":
            more["messages"] = range(max(0, written.chat - number), written.chat + 1)
            more["word"] = b"otherwise"
        elif kind == "unsaid":
            written.chat = max(-1, written.chat - number)
        elif kind == "saved":
            more["saved"] = [sha256(b"saved %d" % n).digest() for n in range(number)]
        elif kind == "authors":
            more["authors"] = [f"a.{number}{n}" for n in range(number)]
        elif kind == "mark":
            mark = "frozen" if number else "live"
            self.heads = (
                await self.model.set_mark("pad", self.heads[0], mark),  # type: ignore[arg-type]
                await self.pads.set_mark("pad", self.heads[1], mark),  # type: ignore[arg-type]
            )
            return
        part = written.part(first, **more)  # type: ignore[arg-type]
        old = self.heads or (None, None)
        self.heads = (
            await self.model.append("pad", old[0], part),
            await self.pads.append("pad", old[1], part),
        )

    async def check(self, *, left_over: bool = False) -> None:
        model, found = await self.model.read("pad"), await self.pads.read("pad")
        assert model is not None
        assert found is not None
        assert comparable(found) == comparable(model)
        assert self.heads is not None
        assert found.head == self.heads[1] == await self.pads.look("pad")
        assert await all_of_it(self.pads, "pad", found) == self.written.records(0, 10**9)
        assert await self.pads.pad_of_read_only("r.pad") == "pad"
        for author, _ in model.authors:
            assert [pad async for pad in self.pads.pads_of_author(author)] == ["pad"]
        stored = await self.store.get(head_name("pad"))
        assert stored is not None
        named = {ref.name for ref in decode_head(stored.data).refs()}
        there = {name.rpartition("/")[2] async for name in self.store.names("parts/")}
        assert named <= there
        assert named == there or left_over


@given(st.lists(STEPS, min_size=1, max_size=14), st.booleans())
@settings(max_examples=examples(40), deadline=None)
def test_what_is_read_is_what_was_appended(steps: list[tuple[str, int]], small: bool) -> None:
    async def play() -> None:
        twins = Twins()
        for kind, number in steps:
            await twins.step(kind, number)
            await twins.check()

    with pytest.MonkeyPatch.context() as patched:
        if small:
            make_small(patched)
        asyncio.run(play())


async def _lived_in() -> Twins:
    """Returns a pad with parts of every kind, and something of each kind in its head."""
    twins = Twins()
    for kind, number in [
        ("type", 450),
        ("authors", 9),
        ("chat", 30),
        ("type", 250),
        ("snapshot", 3),
        ("saved", 9),
        ("chat", 3),
        ("type", 5),
    ]:
        await twins.step(kind, number)
    await twins.check()
    return twins


@pytest.mark.usefixtures("small")
async def test_damage_is_found_wherever_it_is() -> None:
    """A bit, an end that is missing, something more, or another object: what is read is right all
    the same, since it was not looked at, or is refused."""
    twins = await _lived_in()
    right = await twins.pads.read("pad")
    assert right is not None
    records = await all_of_it(twins.pads, "pad", right)
    names = [name async for name in twins.store.names("")]
    assert {name.split("/")[-1][0] for name in names if name.startswith("parts/")} >= set("hcas")
    rng = random.Random(5)
    for name in names:
        stored = await twins.store.get(name)
        assert stored is not None
        data = stored.data
        spoilt = [data[:-1], data + b"x", data[: len(data) // 2], b"x"]
        for other in names:
            there = await twins.store.get(other)
            assert there is not None
            spoilt.append(there.data)
        for _ in range(60):
            at = rng.randrange(len(data))
            spoilt.append(data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :])
        for bad in spoilt:
            if bad == data:
                continue
            await twins.store.delete(name, over=None)
            await twins.store.put(name, bad, over=None)
            found = 0
            if name.startswith("index/"):
                for wanted in ("a.90", "a.91", "a.92"):
                    try:
                        assert [p async for p in twins.pads.pads_of_author(wanted)] in (["pad"], [])
                    except CorruptPad:
                        found += 1
            else:
                try:
                    read = await twins.pads.read("pad")
                    assert read is not None
                    assert comparable(read) == comparable(right)
                    assert name.startswith("parts/")
                    assert await all_of_it(twins.pads, "pad", read) == records
                except CorruptPad:
                    found += 1
                assert found == 1, name
        await twins.store.delete(name, over=None)
        await twins.store.put(name, data, over=None)


@pytest.mark.usefixtures("small")
async def test_a_part_that_is_lost_is_found() -> None:
    twins = await _lived_in()
    for name in [name async for name in twins.store.names("parts/")]:
        stored = await twins.store.get(name)
        assert stored is not None
        await twins.store.delete(name, over=None)
        with pytest.raises(CorruptPad, match="is missing"):
            await all_of_it(twins.pads, "pad", await _read(twins.pads))
        await twins.store.put(name, stored.data, over=None)


async def _read(pads: ObjectPads) -> ColdPad:
    found = await pads.read("pad")
    assert found is not None
    return found


@pytest.mark.usefixtures("small")
async def test_I7_a_process_that_is_killed_leaves_the_pad_as_it_was_or_as_it_should_be() -> None:
    """It is killed at each call to the store in turn. What is left over is removed later."""
    for kind, number in [("type", 150), ("branch", 300), ("chat", 30), ("epoch", 200)]:
        calls = 0
        while True:
            twins = await _lived_in()
            assert twins.heads is not None
            before = comparable(await _read(twins.pads))
            expected = twins.heads
            twins.store.calls, twins.store.fails_from = 0, calls
            try:
                await twins.step(kind, number)
                done = True
            except StoreAway:
                done = False
            finished = twins.store.calls <= calls
            twins.store.fails_from = None
            found = await _read(twins.pads)
            if done:
                await twins.check(left_over=True)
            elif found.head == expected[1]:
                assert comparable(found) == before
            else:
                # The head was put, and the answer was lost.
                assert await all_of_it(twins.pads, "pad", found) == twins.written.records(0, 10**9)
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(pad_parts, "LEFT_OVER_MS", -10_000)
                await twins.pads.sweep()
            assert await all_of_it(twins.pads, "pad", await _read(twins.pads))
            stored = await twins.store.get(head_name("pad"))
            assert stored is not None
            named = {ref.name for ref in decode_head(stored.data).refs()}
            there = {name.rpartition("/")[2] async for name in twins.store.names("parts/")}
            assert named == there
            if finished:
                break
            calls += 1
        assert calls > 2


async def test_what_is_young_may_be_named_in_a_moment() -> None:
    store = MemoryStore()
    pads = ObjectPads(store)
    young = pad_parts.PadParts(store, "pad")
    await young.put("history", layout_parts.PartContent([], [b"x"]))
    assert await pads.sweep() == 0
    await store.put("parts/abc/pad~x/of-another-time", b"x", over=None)
    assert await pads.sweep() == 1


@pytest.mark.usefixtures("small")
async def test_I1_of_two_concurrent_appends_one_fails_and_leaves_nothing() -> None:
    twins = await _lived_in()
    assert twins.heads is not None
    over = twins.heads[1]
    twins.written.type(400)
    part = twins.written.part(over.head + 1)
    results = await asyncio.gather(
        *(twins.pads.append("pad", over, part) for _ in range(4)), return_exceptions=True
    )
    won = [result for result in results if isinstance(result, ColdHead)]
    assert len(won) == 1
    assert sum(isinstance(result, Overwritten) for result in results) == 3
    twins.heads = (await twins.model.append("pad", twins.heads[0], part), won[0])
    await twins.check()


@pytest.mark.usefixtures("small")
async def test_a_reader_reads_on_while_parts_are_merged() -> None:
    twins = await _lived_in()
    assert twins.heads is not None
    right = twins.written.records(0, 10**9)
    last = twins.written.head
    got: list[bytes] = []
    async for part in twins.pads.revisions("pad", twins.written.epoch, 0, last):
        got += part.records
        await twins.step("type", 150)
        await twins.step("chat", 9)
    assert got == right
    pages = twins.pads.revisions("pad", twins.written.epoch, 0, last)
    first = await anext(pages)
    assert first.first == 0
    await twins.step("epoch", 900)
    with pytest.raises(Overwritten):
        _ = [page async for page in pages]


async def test_a_pad_of_100_000_revisions_opens_without_its_past() -> None:
    store = CountingStore()
    pads = ObjectPads(store)
    written = Written()
    over = None
    for _ in range(10):
        first = written.head + 1
        written.type(10_000)
        over = await pads.append("pad", over, written.part(first, snapshot=written.head - 30))
    written.type(20)
    over = await pads.append("pad", over, written.part(100_000))
    size = sum([len(s.data) async for s in _all(store)])
    assert size / 100_020 < 12, "bytes for each revision"
    store.gets.clear()
    found = await _read(pads)
    assert (found.revisions.first, found.revisions.records[-1]) == (
        99_970,
        written.records(100_019, 100_019)[0],
    )
    assert len(store.gets) <= 3
    assert sum(number for _, number in store.gets) < 300_000


async def _all(store: MemoryStore) -> AsyncIterator[StoredObject]:
    async for name in store.names(""):
        stored = await store.get(name)
        assert stored is not None
        yield stored


async def test_a_short_pad_is_one_object_of_few_bytes() -> None:
    store = CountingStore()
    pads = ObjectPads(store)
    written = Written()
    written.type(300)
    await pads.append("pad", None, written.part(0, snapshot=299, authors=["a.x"]), "frozen")
    heads = [name async for name in store.names("pads/")]
    assert [name async for name in store.names("parts/")] == []
    stored = await store.get(heads[0])
    assert stored is not None
    assert len(stored.data) / 300 < 20


async def test_appending_costs_as_much_as_is_appended() -> None:
    """Parts are few, each byte is written a few times, and the head stays small."""
    with pytest.MonkeyPatch.context() as patched:
        make_small(patched)
        store = CountingStore()
        pads = ObjectPads(store)
        written, over = Written(), None
        for _ in range(400):
            first = written.head + 1
            written.type(10)
            over = await pads.append("pad", over, written.part(first))
    stored = await store.get(head_name("pad"))
    assert stored is not None
    head = decode_head(stored.data)
    total = sum(ref.size for ref in head.parts)
    assert len(head.parts) <= total / (6000 / 2) + 6
    assert sum(size for name, size in store.puts if name.startswith("parts/")) < 6 * total
    assert max(size for name, size in store.puts if name.startswith("pads/")) < 4000


async def test_authors_who_are_known_as_they_are_are_not_put_again() -> None:
    with pytest.MonkeyPatch.context() as patched:
        make_small(patched)
        store = CountingStore()
        pads = ObjectPads(store)
        written = Written()
        written.type(2)
        everybody = [f"a.{number:016x}" for number in range(20)]
        over = await pads.append("pad", None, written.part(0, authors=everybody))
        before = [name async for name in store.names("parts/")]
        assert before
        store.puts.clear()
        first = written.head + 1
        written.type(1)
        over = await pads.append("pad", over, written.part(first, authors=everybody[:3]))
    assert [name for name, _ in store.puts] == [head_name("pad")]
    assert [name async for name in store.names("parts/")] == before
    found = await pads.read("pad")
    assert found is not None
    assert [author for author, _ in found.authors] == everybody


def test_an_author_without_a_record_keeps_the_known_one() -> None:
    known = {"a.x": [b"color", b"n1"], "a.y": []}
    brought = [("a.x", []), ("a.y", [b"color", b"n2"]), ("a.z", [])]
    assert with_authors(known, brought) == {
        "a.x": [b"color", b"n1"],
        "a.y": [b"color", b"n2"],
        "a.z": [],
    }


async def test_what_does_not_follow_is_refused() -> None:
    pads = ObjectPads(MemoryStore())
    written, other = Written(), Written()
    written.type(10)
    other.type(30, salt="x")
    over = await pads.append("pad", None, written.part(0))
    for first in (5, 10, 11):
        with pytest.raises(CorruptPad):
            await pads.append("pad", over, other.part(first))
    with pytest.raises(ValueError, match="is not"):
        await pads.append("other", None, written.part(0))
    assert (await pads.look("pad")) == over


@pytest.mark.parametrize("kind", ["memory", "file"])
async def test_pads_are_listed_in_one_order_and_by_pattern(kind: str, tmp_path: Path) -> None:
    store = MemoryStore() if kind == "memory" else FileStore.at(tmp_path)
    pads = ObjectPads(store)
    names = [
        "one",
        "two",
        "g.0123456789abcdef$three",
        "vier und zwanzig",
        ".",
        "..",
        "a/b",
        "é" * 50,
    ]
    names += ["x" * 90 + tail for tail in ("1", "2")]
    for name in names:
        written = Written(name)
        written.type(2)
        await pads.append(name, None, written.part(0))
    listed = [found.pad async for found in pads.pads()]
    assert sorted(listed) == sorted(names)
    for number, name in enumerate(listed):
        assert [found.pad async for found in pads.pads(name)] == listed[number + 1 :]
    assert sorted([found.pad async for found in pads.pads(match="*w*")]) == [
        "two",
        "vier und zwanzig",
    ]
    assert await pads.pad_of_read_only("r.two") == "two"
    assert await pads.pad_of_read_only("r.none") is None
    await pads.aclose()


@pytest.fixture
def many_in_a_page() -> Iterator[None]:
    from padfleet.shared.cold.layout import index

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(index, "PAGE_BYTES", 300)
        yield


@pytest.mark.usefixtures("many_in_a_page")
async def test_an_author_of_many_pads_is_found_on_all_of_them() -> None:
    store = CountingStore()
    pads = ObjectPads(store)
    heads = {}
    for number in range(60):
        written = Written(f"pad {number}")
        written.type(1)
        heads[number] = await pads.append(
            written.pad, None, written.part(0, authors=["a.busy", f"a.{number}"])
        )
    assert len([pad async for pad in pads.pads_of_author("a.busy")]) == 60
    pages = [name async for name in store.names("index/authors/")]
    assert len(pages) > 60
    for number in range(0, 60, 2):
        await pads.delete(f"pad {number}", heads[number])
    found = [pad async for pad in pads.pads_of_author("a.busy")]
    assert found == sorted(f"pad {number}" for number in range(1, 60, 2))
    assert [pad async for pad in pads.pads_of_author("a.1")] == ["pad 1"]
    assert [pad async for pad in pads.pads_of_author("a.2")] == []
    assert max(size for name, size in store.puts if name.startswith("index/")) < 600


@pytest.mark.parametrize("processes", [1, 3])
async def test_many_who_come_into_the_same_page_at_once_are_all_in_it(processes: int) -> None:
    store = CountingStore()
    several = [ObjectPads(store) for _ in range(processes)]

    async def append(number: int) -> None:
        written = Written(f"pad {number}")
        written.type(1)
        pads = several[number % processes]
        await pads.append(written.pad, None, written.part(0, authors=["a.busy"]))

    await asyncio.gather(*map(append, range(200)))
    assert len([pad async for pad in several[0].pads_of_author("a.busy")]) == 200


async def test_what_could_not_be_added_is_added_by_who_comes_next() -> None:
    store = CountingStore()
    index = ColdIndex(store, "authors")
    store.fails_from = 1

    async def add(pad: str) -> bool:
        try:
            await index.add("a.busy", pad)
        except StoreAway:
            return False
        return True

    assert not any(await asyncio.gather(add("one"), add("two"), add("three")))
    store.fails_from = None
    assert await add("four")
    assert {pad async for pad in index.find("a.busy")} >= {"four"}
