"""The requirements on a cold store in an Etherpad's table, for every database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest

from padfleet.services.writer.pads.pad import WriterPad
from padfleet.shared.archive.entries import PadHead, Revisions
from padfleet.shared.cold.errors import Overwritten, WrittenThere
from padfleet.shared.cold.etherpad.note import digest_of, note_key
from padfleet.shared.cold.etherpad.pads import EtherpadPads
from padfleet.shared.cold.etherpad.table import (
    MOST_ROW,
    TOO_LONG,
    Decide,
    Looked,
    RowChange,
    Table,
    sorted_out,
)
from padfleet.shared.cold.pads import ColdAppend, ColdHead, ColdPad, ColdState
from padfleet.shared.easysync import AttributePool, make_splice, to_units
from padfleet.shared.etherpad import records as r
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.entries import Submission
from padfleet.shared.log.pad.chat import ChatMessage
from padfleet.shared.log.pad.options import normalised
from padfleet.shared.log.pad.saved import SavedRevision
from padfleet.shared.log.people.author_records import Author, author_items
from padfleet.shared.log.records import Origin, Revision, Snapshot
from padfleet.shared.wire.jsontext import dumps, loads
from tests.unit.etherpad.an_etherpad import EtherpadPad, check


class MemoryTable:
    """`Table` in memory, for what needs no database."""

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}

    async def get(self, keys: Sequence[str]) -> list[str | None]:
        rows = [self.rows.get(key) for key in keys]
        return [TOO_LONG if row is not None and len(row) > MOST_ROW else row for row in rows]

    async def sizes(self, keys: Sequence[str]) -> list[int | None]:
        rows = [self.rows.get(key) for key in keys]
        return [len(row) if row is not None else None for row in rows]

    async def look(self, whole: str, digest: str) -> Looked:
        found = self.rows.get(digest)
        return Looked(self.rows.get(whole), digest_of(found) if found is not None else None)

    async def change(self, keys: Sequence[str], decide: Decide) -> None:
        before = {key: self.rows.get(key) for key in keys}
        change = sorted_out(before, decide(before))
        for key in change.gone:
            self.rows.pop(key, None)
        self.rows |= change.new | change.other

    async def pad_keys(self, after: str) -> AsyncIterator[str]:
        for key in sorted(self.rows):
            if key.startswith("pad:") and key.count(":") == 1 and key > after:
                yield key

    async def keys_with(self, start: str, value: str) -> list[str]:
        return [key for key, told in self.rows.items() if key.startswith(start) and told == value]

    async def unlike_noted(self, pads: Sequence[str]) -> list[str]:
        found = []
        for pad in pads:
            raw, note = self.rows.get(f"pad:{pad}"), self.rows.get(note_key(pad))
            if raw is not None and note is not None and digest_of(raw) not in note:
                found.append(pad)
        return found

    async def check(self) -> None:
        pass

    async def aclose(self) -> None:
        pass


async def put_raw(table: Table, rows: Mapping[str, str | None]) -> None:
    """Writes rows as an Etherpad would."""
    await table.change([], lambda _: RowChange(rows))


class Typist:
    """A pad as it is in Redis, and what has to be written behind of it."""

    def __init__(self, found: ColdPad | None = None) -> None:
        self.pad = WriterPad()
        self.chat: list[ChatMessage] = []
        self.saved: list[bytes] = []
        self.first = 0
        self.told = 0
        self.new: list[Revision] = []
        self.state: dict[str, Any] = {"sessions": 3, "reigns": "r:1", "fences": {"a.0": 4}}
        self.read_only: str | None = "r.0123456789abcdef"
        self.settings = b""
        if found is None:
            first = self.pad.create("start\n", "a.maker", 5000, birth=777)
            self.new.append(first)
            return
        assert found.snapshot is not None
        self.pad.restore(Snapshot.from_bytes(found.snapshot))
        self.pad.creator = found.state.pad.creator
        self.told = found.state.pad.chat + 1
        self.chat = [
            ChatMessage.from_record(int(name.partition("-")[0]), flat[1])
            for name, flat in found.chat
        ]
        self.saved = list(found.saved)
        self.read_only, self.settings = found.state.pad.read_only_id, found.state.pad.settings

    def type(self, count: int, author: str = "a.0") -> None:
        for _ in range(count):
            text, pool = self.pad.atext.text, AttributePool()
            at = (len(text) * 7) // 11
            change = make_splice(text, at, 0, to_units("😀ü"), [("author", author)], pool)
            submission = Submission(
                "p",
                Origin("s", self.pad.head + 2),
                1,
                self.pad.epoch,
                author,
                self.pad.head,
                change,
                pool.to_jsonable(),
            )
            self.new += self.pad.submit(submission, self.pad.time + 1000).revisions

    def say(self, text: str) -> None:
        self.chat.append(ChatMessage(len(self.chat), "a.0", 6000, text, {}))

    def part(self, first: int | None = None) -> ColdAppend:
        """Returns everything that is new. `first` is the first revision of the part where revisions
        were taken back."""
        new, self.new = self.new, []
        chat, self.told = self.chat[self.told :], len(self.chat)
        begin = new[0].rev if new else self.pad.head + 1
        head = PadHead(
            "p",
            self.pad.epoch,
            self.pad.head,
            self.pad.chain,
            self.pad.time,
            self.pad.creator,
            self.read_only,
            settings=self.settings,
            deletion=b"d" * 64,
            chat=len(self.chat) - 1,
            saved=self.saved[-1] if self.saved else b"",
        )
        more = {"brought": b"x\x00\xff"}
        return ColdAppend(
            ColdState(head, 3, "r:1", {"a.0": 4}, {"a.0": "e r"}, more),
            Revisions(begin if first is None else first, [one.to_record() for one in new]),
            [(f"{one.number}-1", [b"m", one.to_record()]) for one in chat],
            self.saved,
            [("a.0", author_items(Author("a.0", to_units("Ö😀"), "#112233")))],
            self.pad.to_snapshot().to_bytes(),
        )


def document(found: ColdPad) -> WriterPad:
    """Returns the pad that is opened from the found parts, after checking that they fit
    together."""
    assert found.snapshot is not None
    pad = WriterPad()
    pad.restore(Snapshot.from_bytes(found.snapshot))
    told = found.state.pad
    assert (pad.head, pad.chain, pad.time, pad.epoch) == (
        told.head,
        told.chain,
        told.time,
        told.epoch,
    )
    assert (found.head.epoch, found.head.head, found.head.chain) == told[1:4]
    revisions = found.revisions.revisions()
    assert [one.rev for one in revisions] == list(range(found.revisions.first, told.head + 1))
    assert revisions[-1].chain == told.chain
    return pad


def replaced(part: ColdAppend, first: int) -> ColdAppend:
    """Returns the part without revisions, as if those from `first` on had been taken back."""
    return part._replace(revisions=Revisions(first, []))


async def begun(pads: EtherpadPads, revisions: int = 5) -> tuple[Typist, ColdHead]:
    typist = Typist()
    typist.type(revisions)
    return typist, await pads.append("p", None, typist.part())


async def records(table: Table) -> dict[str, Any]:
    """Returns the records of the pad ``p``, as an Etherpad reads them."""
    (raw,) = await table.get(["pad:p"])
    found = {"pad:p": loads(raw or "")}
    keys = [r.revision_key("p", rev) for rev in range(found["pad:p"]["head"] + 1)]
    values = await table.get(keys)
    return found | {key: loads(value or "null") for key, value in zip(keys, values, strict=True)}


async def by_an_etherpad(table: Table, count: int, seed: int = 1, *, plain: bool = False) -> None:
    """Types on the pad as an Etherpad does."""
    found = await records(table)
    before = dict(found)
    pad = EtherpadPad(found)
    pad.type(count, seed, "a.there", 9_000_000, plain=plain)
    await put_raw(
        table,
        {key: dumps(value) for key, value in pad.records.items() if value != before.get(key)},
    )


class EtherpadCases:
    """The fixture `table` is an empty one."""

    @pytest.fixture
    def pads(self, table: Table) -> EtherpadPads:
        return EtherpadPads(table)

    async def test_a_pad_is_stored_and_read_back(self, table: Table, pads: EtherpadPads) -> None:
        await pads.check()
        assert await pads.look("p") is None
        assert await pads.read("p") is None
        typist, head = await begun(pads, 120)
        typist.say("hi")
        typist.say(to_units("😀"))
        typist.saved.append(SavedRevision(3, "a.0", "L", 9, "id").to_record())
        typist.type(130)
        head = await pads.append("p", head, typist.part(), "frozen")
        assert (head.head, head.mark, head.edition) == (250, "frozen", 2)
        check(await records(table))
        other = EtherpadPads(table)  # another process
        assert await other.look("p") == head
        found = await other.read("p")
        assert found is not None
        assert found.head == head
        assert document(found).atext == typist.pad.atext
        state = found.state
        assert (state.sessions, state.reigns, state.fences) == (3, "r:1", {"a.0": 4})
        assert (state.seen, state.more) == ({"a.0": "e r"}, {"brought": b"x\x00\xff"})
        assert state.pad.creator == "a.maker"
        assert state.pad.read_only_id == "r.0123456789abcdef"
        assert state.pad.deletion == b"d" * 64
        assert loads(state.pad.settings) == normalised(None)
        assert [ChatMessage.from_record(n, one[1][1]) for n, one in enumerate(found.chat)] == (
            typist.chat
        )
        assert found.saved == typist.saved
        assert dict(found.authors)["a.0"] == author_items(Author("a.0", to_units("Ö😀"), "#112233"))
        assert await other.pad_of_read_only("r.0123456789abcdef") == "p"
        assert await other.pad_of_read_only("r.none") is None
        assert [pad async for pad in other.pads_of_author("a.0")] == ["p"]
        assert [one.pad async for one in other.pads()] == ["p"]
        parts = [part async for part in other.revisions("p", head.epoch, 100, 249)]
        assert [one.rev for part in parts for one in part.revisions()] == list(range(100, 250))

    async def test_over_what_was_looked_at_and_nothing_else(self, pads: EtherpadPads) -> None:
        typist, head = await begun(pads)
        with pytest.raises(Overwritten):
            await pads.append("p", None, Typist().part())
        marked = await pads.set_mark("p", head, "frozen")
        assert marked.mark == "frozen"
        assert marked.edition == head.edition
        again = await pads.set_mark("p", marked, "frozen")
        assert again.version != marked.version
        for stale in (head, marked):
            with pytest.raises(Overwritten):
                await pads.set_mark("p", stale, "live")
            with pytest.raises(Overwritten):
                await pads.append("p", stale, typist.part())
            with pytest.raises(Overwritten):
                await pads.delete("p", stale)
        assert await pads.look("p") == again

    async def test_a_pad_that_no_fleet_has_had(self, table: Table, pads: EtherpadPads) -> None:
        fresh = EtherpadPad({})
        fresh.append("Z:1>4|1+4$old\n", "", 3)
        fresh.type(130, 5, "a.there", 1000)
        await put_raw(table, {key: dumps(value) for key, value in fresh.records.items()})
        looked = await pads.look("p")
        found = await pads.read("p")
        assert looked is not None
        assert found is not None
        assert looked == found.head._replace(chain=b"")
        assert document(found).atext.text == fresh.atext.text
        again = await EtherpadPads(table).read("p")
        assert again == found, "the same for every process"
        head = await EtherpadPads(table).set_mark("p", looked, "live")
        assert (head.epoch, head.chain) == (found.head.epoch, found.head.chain)
        typist = Typist(found)
        typist.type(90)
        await pads.append("p", head, typist.part())
        there = await records(table)
        check(there)
        for key, value in fresh.records.items():
            if ":revs:" in key:
                assert there[key] == value
        back = await EtherpadPads(table).read("p")
        assert back is not None
        assert document(back).atext == typist.pad.atext
        assert back.head.epoch == found.head.epoch

    async def test_what_an_etherpad_has_written_is_never_written_over(
        self, table: Table, pads: EtherpadPads
    ) -> None:
        typist, head = await begun(pads)
        typist.say("hi")
        head = await pads.append("p", head, typist.part())
        assert await pads.written_there(["p", "q"]) == []
        await by_an_etherpad(table, 7)
        assert await pads.written_there(["p", "q"]) == ["p"]
        before = await records(table)
        typist.type(2)
        with pytest.raises(Overwritten):
            await pads.append("p", head, typist.part())
        with pytest.raises(Overwritten):
            await pads.set_mark("p", head, "frozen")
        with pytest.raises(Overwritten):
            await pads.delete("p", head)
        assert await records(table) == before
        looked = await pads.look("p")
        assert looked is not None
        assert looked.head == before["pad:p"]["head"]
        assert looked.epoch == head.epoch, "it has gone on with the same history"
        found = await pads.read("p")
        assert found is not None
        assert found.head._replace(chain=b"") == looked
        assert len(found.chat) == 1
        ours = Typist(found)
        ours.type(3)
        await pads.append("p", looked, ours.part())
        check(await records(table))

    async def test_nothing_of_ours_takes_the_place_of_theirs(
        self, table: Table, pads: EtherpadPads
    ) -> None:
        """This covers a writer that looks at the pad again and takes the other changes for its own
        lost ones."""
        typist, head = await begun(pads, 8)
        await by_an_etherpad(table, 7)
        before = await records(table)
        looked = await pads.look("p")
        assert looked is not None
        typist.type(4)
        mine = typist.part()
        with pytest.raises(WrittenThere):
            await pads.append("p", looked, mine)
        with pytest.raises(WrittenThere):
            await EtherpadPads(table).append("p", looked, mine)
        back = replaced(mine, head.head + 1)
        with pytest.raises(WrittenThere):
            await pads.append("p", looked, back)
        other = Typist()
        other.pad.epoch = looked.epoch + 1
        other.type(3)
        with pytest.raises(WrittenThere):
            await pads.append("p", looked, other.part())
        assert await records(table) == before
        # What is built on the current records is accepted, by whichever process they were read.
        found = await pads.read("p")
        assert found is not None
        ours = Typist(found)
        ours.type(3)
        await EtherpadPads(table).append("p", looked, ours.part())
        check(await records(table))

    async def test_another_history_gets_another_epoch(
        self, table: Table, pads: EtherpadPads
    ) -> None:
        _, head = await begun(pads, 8)
        other = EtherpadPad({})
        other.append("Z:1>4*0|1+4$new\n", "", 9)
        other.type(20, 3, "a.there", 9_000_000)
        await put_raw(table, {key: dumps(value) for key, value in other.records.items()})
        looked, found = await pads.look("p"), await pads.read("p")
        assert looked is not None
        assert found is not None
        assert looked.epoch == found.head.epoch > head.epoch
        assert document(found).atext.text == other.atext.text

    async def test_revisions_that_were_taken_back(self, table: Table, pads: EtherpadPads) -> None:
        typist, head = await begun(pads, 230)
        typist.saved.append(SavedRevision(228, "a.0", "L", 9, "id").to_record())
        head = await pads.append("p", head, typist.part())
        found = await pads.read("p")
        assert found is not None
        back = WriterPad()
        for revision in found.revisions.revisions()[:221]:
            back.replay(revision)
        back.epoch, typist.pad, typist.saved = typist.pad.epoch, back, []
        typist.type(4, "a.1")
        head = await pads.append("p", head, typist.part())
        assert head.head == 224
        check(await records(table))
        assert await table.get(["pad:p:revs:225", "pad:p:revs:230"]) == [None, None]
        found = await EtherpadPads(table).read("p")
        assert found is not None
        assert document(found).atext == typist.pad.atext

    async def test_a_history_that_takes_the_place_of_another(
        self, table: Table, pads: EtherpadPads
    ) -> None:
        typist, head = await begun(pads, 30)
        typist.say("hi")
        head = await pads.append("p", head, typist.part())
        other = Typist()
        other.pad.epoch = head.epoch + 1
        other.type(3)
        head = await pads.append("p", head, other.part())
        found = await records(table)
        check(found)
        assert found["pad:p"]["chatHead"] == -1
        assert await table.get(["pad:p:revs:4", "pad:p:chat:0"]) == [None, None]
        again = await EtherpadPads(table).read("p")
        assert again is not None
        assert again.head == head

    async def test_a_deleted_pad_leaves_nothing(self, table: Table, pads: EtherpadPads) -> None:
        group = "g.0123456789abcdef$"
        typist = Typist()
        typist.say("hi")
        typist.type(3)
        head = await pads.append(f"{group}p", None, typist.part())
        (raw,) = await table.get(["group:g.0123456789abcdef"])
        assert loads(raw or "")["pads"] == {f"{group}p": 1}
        await pads.delete(f"{group}p", head)
        assert await pads.look(f"{group}p") is None
        left = await table.get(
            [
                f"pad:{group}p",
                note_key(f"{group}p"),
                f"pad:{group}p:revs:0",
                f"pad:{group}p:chat:0",
                f"pad2readonly:{group}p",
                "readonly2pad:r.0123456789abcdef",
                f"pad:{group}p:deletionToken",
            ]
        )
        assert left == [None] * len(left)
        listed, author = await table.get(["group:g.0123456789abcdef", "globalAuthor:a.0"])
        assert loads(listed or "")["pads"] == {}
        assert loads(author or "")["padIDs"] == {}

    async def test_chat_with_holes_goes_on_behind_them(
        self, table: Table, pads: EtherpadPads
    ) -> None:
        typist, head = await begun(pads)
        await pads.append("p", head, typist.part())
        found = await records(table)
        found["pad:p"]["chatHead"] = 5
        rows = {"pad:p": dumps(found["pad:p"])}
        for number in (1, 4):
            rows[f"pad:p:chat:{number}"] = dumps({"text": "x", "authorId": None, "time": 1})
        await put_raw(table, rows)
        back = await pads.read("p")
        assert back is not None
        assert [one[0] for one in back.chat] == ["0-1", "1-1"]
        ours = Typist(back)
        ours.say("new")
        await pads.append("p", back.head, ours.part())
        assert (await records(table))["pad:p"]["chatHead"] == 6
        (raw,) = await table.get(["pad:p:chat:6"])
        assert loads(raw or "")["text"] == "new"
        back = await EtherpadPads(table).read("p")
        assert back is not None
        assert len(back.chat) == 3

    @pytest.mark.parametrize("noted", [False, True])
    @pytest.mark.parametrize("damage", ["hole", "charset", "newline", "nonsense"])
    async def test_damaged_pads_are_shown_and_never_written_over(
        self, table: Table, pads: EtherpadPads, damage: str, noted: bool
    ) -> None:
        """This holds whether or not a fleet has had the pad before."""
        await begun(pads, 12)
        found = await records(table)
        record = found["pad:p"]
        rows: dict[str, str | None] = {} if noted else {note_key("p"): None}
        match damage:
            case "hole":
                rows["pad:p:revs:5"] = None
            case "charset":
                record["atext"]["text"] = record["atext"]["text"].replace(to_units("😀"), "????")
            case "newline":
                record["atext"]["text"] = record["atext"]["text"][:-1]
            case "nonsense":
                rows["pad:p:revs:5"] = "{{"
        rows["pad:p"] = dumps(record)
        await put_raw(table, rows)
        before = await table.get(["pad:p", "pad:p:revs:12"])
        pads = EtherpadPads(table)
        back = await pads.read("p")
        assert back is not None
        assert back.state.more["damaged"].startswith(b"pad:p")
        assert document(back).atext.text.startswith("start\n"[:3])
        head = await pads.set_mark("p", back.head, "live")
        ours = Typist(back)
        head = await EtherpadPads(table).append("p", head, ours.part(), "frozen")
        ours.type(2)
        with pytest.raises(WrittenThere):
            await EtherpadPads(table).append("p", head, ours.part())
        assert await table.get(["pad:p", "pad:p:revs:12"]) == before
        again = await EtherpadPads(table).read("p")
        assert again is not None
        assert (again.head.epoch, again.head.chain) == (back.head.epoch, back.head.chain)

    async def test_revisions_of_nobody_are_nothing_damaged(
        self, table: Table, pads: EtherpadPads
    ) -> None:
        await begun(pads, 12)
        key = r.revision_key("p", 5)
        (raw,) = await table.get([key])
        found = loads(raw or "")
        found["meta"]["author"] = None
        await put_raw(table, {key: dumps(found), note_key("p"): None})
        back = await pads.read("p")
        assert back is not None
        assert "damaged" not in back.state.more
        assert back.head.head == 12

    async def test_what_is_no_pad_at_all(self, table: Table, pads: EtherpadPads) -> None:
        for nonsense in ("{{", "5", '{"head":3}'):
            await put_raw(table, {"pad:p": nonsense})
            with pytest.raises(CorruptPad):
                await pads.read("p")

    async def test_listing_continues_after_a_given_pad(
        self, table: Table, pads: EtherpadPads
    ) -> None:
        names = [f"pad{number}" for number in range(30)] + ["Ä", "a!b", "PAD1"]
        await put_raw(
            table,
            {f"pad:{name}": "{}" for name in names}
            | {f"pad:{name}:revs:0": "{}" for name in names}
            | {"pad2readonly:x": '"r.x"', "padfleet:pad1": "{}", "paddle": "1"},
        )
        listed = [one.pad async for one in pads.pads()]
        assert sorted(listed) == sorted(names)
        half = listed[len(listed) // 2]
        behind = [one.pad async for one in pads.pads(after=half)]
        assert behind == listed[len(listed) // 2 + 1 :]
        some = [one.pad async for one in pads.pads(match="pad1*")]
        assert sorted(some) == sorted(name for name in names if name.startswith("pad1"))

    async def test_what_leads_to_an_author(self, table: Table) -> None:
        await put_raw(
            table,
            {
                "token2author:t.one": dumps("a.X"),
                "token2author:t.two": dumps("a.x"),
                "token2author:t.three": dumps("a.X"),
                "mapper2author:t.one": dumps("a.X"),
                "token2authors:t.one": dumps("a.X"),
            },
        )
        assert sorted(await table.keys_with("token2author:", dumps("a.X"))) == [
            "token2author:t.one",
            "token2author:t.three",
        ]
        assert await table.keys_with("mapper2author:", dumps("a.X")) == ["mapper2author:t.one"]
        assert await table.keys_with("mapper2author:", dumps("a.none")) == []
