"""Pads whose records in an Etherpad's table are absurd, huge, malformed or contradictory.

Whoever opens one gets an error or the text that there is; nothing of it is written over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest

from padfleet.shared.bounds import is_pad_id
from padfleet.shared.cold.errors import Overwritten, WrittenThere
from padfleet.shared.cold.etherpad import note, table
from padfleet.shared.cold.etherpad.pads import EtherpadPads
from padfleet.shared.cold.etherpad.table import MOST_ROW, NO_TEXT, TOO_LONG, portions
from padfleet.shared.etherpad import records as r
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.people.author_records import Author
from padfleet.shared.wire import jsontext
from padfleet.shared.wire.jsontext import dumps, loads
from tests.unit.cold.etherpad_cases import MemoryTable, Typist, begun
from tests.unit.etherpad.an_etherpad import EtherpadPad

GROUP = "g.0123456789abcdef"
ABSURD = 10**12
VALUES: list[Any] = [
    None,
    True,
    5,
    -1,
    ABSURD,
    1.5,
    1e300,
    "",
    "x",
    "9" * 5000,
    [],
    [1],
    [[]],
    {},
    {"a": 1},
    "\ud800",
]
FIELDS = ("head", "chatHead", "pool", "savedRevisions", "padSettings", "publicStatus", "atext")
ROWS = (
    "pad2readonly:p",
    "globalAuthor:a.there",
    "pad:p:deletionToken",
    "pad:p:chat:0",
    "padfleet:p",
    "token2author:t.x",
    "mapper2author:m",
    "mapper2group:m",
    "session:s.x",
    "groups",
    f"group:{GROUP}",
    f"group2sessions:{GROUP}",
    "author2sessions:a.there",
    "readonly2pad:r.x",
    "padfleet-used-by",
)


def a_pad(revisions: int = 9) -> dict[str, Any]:
    pad = EtherpadPad({})
    pad.append("Z:1>4|1+4$old\n", "a.x", 3)
    pad.type(revisions, 5, "a.there", 1000)
    return pad.records


def in_memory(records: dict[str, Any]) -> MemoryTable:
    made = MemoryTable()
    made.rows = {key: dumps(value) for key, value in records.items()}
    return made


class Counting(MemoryTable):
    """Counts the keys that it is asked for."""

    def __init__(self, rows: dict[str, str]) -> None:
        super().__init__()
        self.rows = rows
        self.asked = 0

    async def get(self, keys: Sequence[str]) -> list[str | None]:
        self.asked += len(keys)
        return await super().get(keys)

    async def sizes(self, keys: Sequence[str]) -> list[int | None]:
        self.asked += len(keys)
        return await super().sizes(keys)


def _in(*path: str) -> Callable[[dict[str, Any], Any], None]:
    """Returns what puts a value at this place of the records."""

    def put(records: dict[str, Any], value: Any) -> None:
        found = records
        for name in path[:-1]:
            found = found[name]
        found[path[-1]] = value

    return put


PLACES = {
    **{f"pad: {field}": _in("pad:p", field) for field in FIELDS},
    **{f"text: {field}": _in("pad:p", "atext", field) for field in ("text", "attribs")},
    **{f"pool: {field}": _in("pad:p", "pool", field) for field in ("numToAttrib", "nextNum")},
    **{
        f"revision {rev}: {field}": _in(f"pad:p:revs:{rev}", field)
        for rev in (0, 3)
        for field in ("changeset", "meta")
    },
    **{
        f"revision 3: {field}": _in("pad:p:revs:3", "meta", field)
        for field in ("author", "timestamp")
    },
    **{key: _in(key) for key in ROWS},
}


@pytest.mark.parametrize("place", PLACES)
async def test_no_value_at_any_place_does_harm(place: str) -> None:
    """There are few errors that callers know what to do with, and everything else would end the
    connection of whoever opens the pad."""
    for value in VALUES:
        records = a_pad()
        records["pad:p"]["chatHead"] = 3
        PLACES[place](records, value)
        stored = in_memory(records)
        before = dict(stored.rows)
        with suppress(CorruptPad, Overwritten, WrittenThere):
            await _use(stored)
        ours = ("padfleet:", "padfleet-used-by", "token2author:t.new", "globalAuthor:a.new")
        kept = {key: row for key, row in before.items() if not key.startswith(ours)}
        assert {key: stored.rows.get(key) for key in kept} == kept, value


async def _use(stored: MemoryTable) -> None:
    """Does what people and operators do with a pad, short of writing on it."""
    pads = EtherpadPads(stored)
    register = pads.register
    _ = await register.authors(["a.there"])
    for asked in (
        register.author_of_token("t.x"),
        register.author_of_mapper("m"),
        register.group_of_mapper("m"),
        register.group(GROUP),
        register.groups(),
        register.session("s.x"),
        register.sessions_of_author("a.there"),
        register.keep_author(Author("a.new", "n", 3), token="t.new"),
        pads.used_by(),
    ):
        _ = await asked
    for pad in [one async for one in pads.pads_of_author("a.there")]:
        assert is_pad_id(pad)
    leads_to = await pads.pad_of_read_only("r.x")
    assert leads_to is None or is_pad_id(leads_to)
    looked = await pads.look("p")
    assert looked is not None
    _ = await pads.glance("p")
    found = await pads.read("p")
    assert found is not None
    (found.state.pad.read_only_id or "").encode()
    history = pads.revisions("p", found.head.epoch, 0, found.head.head)
    assert [one.first async for one in history] == [0]
    _ = await pads.set_mark("p", found.head, "live")


@pytest.mark.parametrize("field", ["head", "chatHead"])
async def test_a_pad_with_an_absurd_number_is_deleted(field: str) -> None:
    """Deleting it listed the keys of a billion records, until the process had no memory left."""
    records = a_pad()
    records["pad:p"] |= {"chatHead": 0, field: ABSURD}
    records["pad:p:chat:0"] = {"text": "hi", "time": 1, "userId": "a.there"}
    stored = Counting(in_memory(records).rows)
    pads = EtherpadPads(stored)
    found = await pads.read("p")
    assert found is not None
    await pads.delete("p", found.head)
    assert stored.asked < 50_000
    left = [key for key in stored.rows if key.startswith("pad:p")]
    assert left == []


async def test_a_history_that_replaces_one_with_an_absurd_chat() -> None:
    records = a_pad()
    records["pad:p"]["chatHead"] = ABSURD
    stored = Counting(in_memory(records).rows)
    pads = EtherpadPads(stored)
    found = await pads.read("p")
    assert found is not None
    typist = Typist()
    typist.type(3)
    over = await pads.set_mark("p", found.head, "live")
    head = await pads.append("p", over, typist.part())
    assert head.head == typist.pad.head
    assert stored.asked < 50_000


async def test_a_read_only_id_of_another_pad_stays_with_it() -> None:
    """Two records contradict each other: the readers of the other pad would be shown this one."""
    records = a_pad() | {"pad2readonly:p": "r.x", "readonly2pad:r.x": "q"}
    stored = in_memory(records)
    pads = EtherpadPads(stored)
    found = await pads.read("p")
    assert found is not None
    assert found.state.pad.read_only_id is None
    head = await pads.set_mark("p", found.head, "live")
    typist = Typist(found)
    typist.type(2)
    typist.read_only = "r.x"
    await pads.append("p", head, typist.part())
    assert await pads.pad_of_read_only("r.x") == "q"


@pytest.mark.parametrize("readonly", ["r." + "x" * 5_000_000, "x", 5, "r.\ud800"])
async def test_a_read_only_id_that_nobody_could_use(readonly: Any) -> None:
    pads = EtherpadPads(in_memory(a_pad() | {"pad2readonly:p": readonly}))
    found = await pads.read("p")
    assert found is not None
    read = found.state.pad.read_only_id
    assert read is None or len(read) < 60


@pytest.mark.parametrize("row", ["[1]", "5", "{", '"text"', TOO_LONG])
async def test_what_is_no_record_is_not_written_over(row: str) -> None:
    """It may be one that only this release cannot read."""
    stored = MemoryTable()
    group_pad = f"{GROUP}$p"
    kept = {"globalAuthor:a.0": row, "groups": row, f"group:{GROUP}": row}
    kept |= {f"group2sessions:{GROUP}": row}
    stored.rows = dict(kept)
    pads = EtherpadPads(stored)
    typist = Typist()
    typist.type(2)
    part = typist.part()
    own = part.state.pad._replace(pad=group_pad)
    part = part._replace(state=part.state._replace(pad=own))
    await pads.append(group_pad, None, part)
    await pads.register.keep_group(GROUP)
    await pads.register.change_author(Author("a.0", "another", 1))
    assert {key: stored.rows[key] for key in kept} == kept


# --- What is too long ----------------------------------------------------------------------------


async def test_a_record_that_is_too_long_is_not_read() -> None:
    stored = in_memory(a_pad())
    stored.rows["pad:p"] = dumps("x" * MOST_ROW)
    pads = EtherpadPads(stored)
    for call in (pads.look("p"), pads.read("p"), pads.glance("p")):
        with pytest.raises(CorruptPad, match=r"pad:p cannot be read: .* 67,108,864 bytes"):
            await call


@pytest.mark.parametrize("row", [TOO_LONG, NO_TEXT, "[" * 200_000, '{"a":' * 500])
async def test_of_a_pad_with_an_unreadable_revision_the_present_text_is_shown(row: str) -> None:
    stored = in_memory(a_pad())
    stored.rows["pad:p:revs:3"] = row
    pads = EtherpadPads(stored)
    found = await pads.read("p")
    assert found is not None
    assert "damaged" in found.state.more
    head = await pads.set_mark("p", found.head, "live")
    before = dict(stored.rows)
    typist = Typist(found)
    typist.type(2)
    with pytest.raises(WrittenThere):
        await pads.append("p", head, typist.part())
    assert stored.rows == before


@pytest.mark.parametrize("row", [TOO_LONG, NO_TEXT])
async def test_an_unreadable_pad_is_named(row: str) -> None:
    stored = in_memory(a_pad())
    stored.rows["pad:p"] = row
    with pytest.raises(CorruptPad, match="pad:p cannot be read"):
        await EtherpadPads(stored).read("p")


async def test_a_pool_of_more_values_than_a_process_can_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(note, "MOST_VALUES", 3_000)
    records = a_pad()
    records["pad:p"]["pool"] = {
        "numToAttrib": {str(number): ["k", str(number)] for number in range(2_000)},
        "nextNum": 2_000,
    }
    with pytest.raises(CorruptPad, match="more than 3,000 values"):
        await EtherpadPads(in_memory(records)).read("p")


async def test_a_fleet_writes_nothing_that_it_could_not_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pads = EtherpadPads(MemoryTable())
    typist, head = await begun(pads)
    typist.type(2)
    monkeypatch.setattr("padfleet.shared.cold.etherpad.changing.MOST_ROW", 100)
    with pytest.raises(ValueError, match="100 at most"):
        await pads.append("p", head, typist.part())


async def test_rows_are_read_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hundred rows of sixty megabytes would be all of the memory."""
    monkeypatch.setattr(table, "PORTION", 100)
    stored = MemoryTable()
    sizes = [10, 20, 60, 30, 500, 5, 5, 90]
    stored.rows = {f"k{number}": "x" * size for number, size in enumerate(sizes)}
    keys = [f"k{number}" for number in range(9)]
    found = [(list(part), rows) async for part, rows in portions(stored, keys)]
    assert [part for part, _ in found] == [
        ["k0", "k1", "k2"],
        ["k3"],
        ["k4"],
        ["k5", "k6", "k7", "k8"],
    ]
    assert [row for _, rows in found for row in rows] == [stored.rows.get(key) for key in keys]
    assert [part async for part in portions(stored, [])] == []


def test_long_rows_are_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """The quick reader keeps all other threads waiting, the event loop's among them."""
    value: Any = {"text": "ü😀\n" * note.LONG, "numbers": [1, -2.5, ABSURD, None, True, {"a": []}]}
    raw = dumps(value)
    expected = loads(raw)

    class Refusing:
        def decode(self, _: str) -> Any:
            raise AssertionError("all of it at once")

    monkeypatch.setattr(jsontext, "_DECODER", Refusing())
    assert note.read_row(raw) == expected
    with pytest.raises(AssertionError):
        note.read_row("{}")
    for wrong in ("[" * note.LONG * 2, "{" + " " * note.LONG, "[NaN]" + " " * note.LONG):
        with pytest.raises(ValueError, match=r"nested|Expecting|JSON"):
            note.read_row(wrong)


def test_long_values_are_written_as_short_ones_are() -> None:
    value = {str(number): ["ü😀", number, None] for number in range(2_000)}
    assert jsontext.is_long(value)
    assert note.ascii_json(value) == note._ENCODER.encode(value)


def test_a_number_in_a_record_may_be_anything() -> None:
    odd: list[Any] = [None, [], {}, {"head": "5"}, {"head": 5.0}]
    assert [r.head_of_any(record) for record in odd] == [-1] * 5
    assert r.head_of_any({"head": ABSURD}) == ABSURD
