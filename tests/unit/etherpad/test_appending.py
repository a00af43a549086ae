"""Records that go on behind an Etherpad's are what an Etherpad would have written, and are read as
the revisions that they were made of."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from padfleet.services.writer.pads.pad import WriterPad
from padfleet.shared.easysync import AttributePool, make_splice
from padfleet.shared.etherpad import records as r
from padfleet.shared.etherpad.appending import Appending, surplus, with_pad
from padfleet.shared.etherpad.converting import Converter
from padfleet.shared.etherpad.records import BadRecord
from padfleet.shared.log.entries import Submission
from padfleet.shared.log.pad.document import CorruptPad
from padfleet.shared.log.pad.options import normalised
from padfleet.shared.log.pad.saved import SavedRevision
from padfleet.shared.log.people.author_records import Author
from padfleet.shared.log.records import Origin, Revision
from tests.histories import lived_in
from tests.unit.etherpad.an_etherpad import EtherpadPad, check, stored

MOST = 130
BIRTH = 12345
LATEST = 1 << 50


@cache
def lived(seed: int) -> list[Revision]:
    return lived_in(MOST, seed)


def typed_behind(thawed: list[Revision], count: int, seed: int = 1) -> list[Revision]:
    """Returns what people write in a fleet on a pad with this history."""
    random, pad = Random(seed), WriterPad()
    for revision in thawed:
        pad.replay(revision)
    found: list[Revision] = []
    for seq in range(1, count + 1):
        text, pool, author = pad.atext.text, AttributePool(), f"a.{random.randrange(5)}"
        at = random.randrange(len(text))
        end = min(at + random.randrange(3), len(text) - 1)
        change = make_splice(
            text, at, max(0, end - at), random.choice(["x", "y\n"]), [("author", author)], pool
        )
        submission = Submission(
            "p", Origin("s", seq), 1, pad.epoch, author, pad.head, change, pool.to_jsonable()
        )
        found += pad.submit(submission, pad.time + 1000).revisions
    return found


def put(
    records: dict[str, Any],
    revisions: list[Revision],
    last: Revision | None,
    saved: list[SavedRevision] | None = None,
) -> None:
    """Writes them behind `last`, None: from the first on."""
    if last is None:
        pad = Appending.anew("p")
    else:
        record = records["pad:p"]
        pad = Appending.behind("p", record, time=last.time, chain=last.chain)
    for revision in revisions:
        key, value = pad.add(revision)
        assert key not in records
        records[key] = stored(value)
    record = pad.record(chat_head=-1, public=False, saved=saved or [], settings=normalised({}))
    records["pad:p"] = stored(record)


def read(records: dict[str, Any], birth: int | None = None) -> list[Revision]:
    """Reads the revisions as a thaw does."""
    record = records["pad:p"]
    converter = Converter(r.pool_of(record, ""), latest=LATEST, birth=birth)
    keys = [r.revision_key("p", rev) for rev in range(r.head_of(record, "") + 1)]
    return [converter.revision(records[key], key) for key in keys]


def without_origin(revisions: list[Revision]) -> list[Revision]:
    return [revision._replace(origin=None) for revision in revisions]


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(1, 4),
    cuts=st.sets(st.integers(1, MOST - 1), max_size=6),
    count=st.integers(1, MOST),
)
def test_what_is_written_in_parts_is_read_as_it_was(seed: int, cuts: set[int], count: int) -> None:
    revisions = lived(seed)[:count]
    records: dict[str, Any] = {}
    edges = [0, *sorted(cut for cut in cuts if cut < count), count]
    for start, end in pairwise(edges):
        put(records, revisions[start:end], revisions[start - 1] if start else None)
    check(records)
    assert read(records) == without_origin(revisions)
    at_once: dict[str, Any] = {}
    put(at_once, revisions, None)
    assert records == at_once, "the same records, however they were cut"


def test_a_history_that_a_fleet_has_begun_keeps_its_birth() -> None:
    first = WriterPad().create("start\n", "a.maker", 5, birth=BIRTH)
    history = [first, *typed_behind([first], 5)]
    records: dict[str, Any] = {}
    put(records, history, None)
    assert read(records, BIRTH) == without_origin(history)
    assert read(records)[-1].chain != history[-1].chain


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(1, 1000),
    parts=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=4),
)
def test_an_etherpad_and_a_fleet_write_in_turns(seed: int, parts: list[tuple[int, int]]) -> None:
    """The Etherpad's pool has other numbers than a fleet would give, and old text is nobody's."""
    records: dict[str, Any] = {}
    begun = EtherpadPad(records)
    for pair in (("unused", "1"), ("bold", ""), ("author", "a.late")):
        begun.pool.put(*pair)
    begun.append("Z:1>4|1+4$old\n", "", 3)
    records["pad:p"]["ep_thing"] = {"a": [1]}
    for turn, (theirs, ours) in enumerate(parts):
        before = stored(records)
        last = read(records)[-1]
        EtherpadPad(records).type(theirs, seed + turn, "a.late", last.time + 5)
        check(records)
        thawed = read(records)
        new = typed_behind(thawed, ours, seed)
        put(records, new[: ours // 2], thawed[-1])
        put(records, new[ours // 2 :], ([*thawed, *new[: ours // 2]])[-1])
        check(records)
        assert read(records) == thawed + without_origin(new)
        there = [key for key in before if ":revs:" in key]
        assert [records[key] for key in there] == [before[key] for key in there]
        numbers = before["pad:p"]["pool"]["numToAttrib"]
        now = records["pad:p"]["pool"]["numToAttrib"]
        assert {number: now[number] for number in numbers} == numbers
    assert records["pad:p"]["ep_thing"] == {"a": [1]}, "what a plugin has put there stays"


def test_saved_revisions_stay_and_get_more() -> None:
    history = lived(1)[:20]
    records: dict[str, Any] = {}
    first = SavedRevision(3, "a.1", "One", 7, "id1")
    put(records, history[:10], None, [first])
    theirs = {"revNum": 5, "savedById": "a.x", "label": "L" * 900, "timestamp": 9, "id": "i"}
    records["pad:p"]["savedRevisions"].append(theirs)
    ours = [*r.saved_of(records["pad:p"], ""), SavedRevision(12, "a.2", "Two", 8, "id2")]
    put(records, history[10:], history[9], ours)
    saved = records["pad:p"]["savedRevisions"]
    assert saved[1] == theirs
    assert [one["revNum"] for one in saved] == [3, 5, 12]
    assert r.saved_of(records["pad:p"], "")[0] == first


def test_what_does_not_follow_is_not_written() -> None:
    history = lived(1)[:20]
    records: dict[str, Any] = {}
    put(records, history[:10], None)
    record = records["pad:p"]
    with pytest.raises(CorruptPad, match="another history"):
        Appending.behind("p", record, time=history[9].time, chain=b"x" * 16).add(history[10])
    with pytest.raises(CorruptPad, match="does not follow"):
        Appending.behind("p", record, time=1, chain=history[9].chain).add(history[11])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"head": None}, "head"),
        ({"atext": None}, "atext is missing"),
        ({"atext": {"text": "????\n", "attribs": "|1+1"}}, "cover 1 units"),
        ({"atext": {"text": "\n"}}, "cover 0 units"),
        ({"atext": ["text"]}, "atext is not an object"),
        ({"pool": 5}, "pool is not an object"),
    ],
)
def test_damaged_records_are_not_appended_to(change: dict[str, Any], said: str) -> None:
    records: dict[str, Any] = {}
    put(records, lived(1)[:2], None)
    with pytest.raises(BadRecord, match=rf"^pad:p.*({said})"):
        Appending.behind("p", {**records["pad:p"], **change}, time=1, chain=b"")


def test_authors_keep_what_others_know_of_them() -> None:
    there = {"colorId": 3, "name": None, "timestamp": 900, "padIDs": {"q": 1}, "ep_x": True}
    author = Author("a.x", "Ö", "#112233")
    assert with_pad(there, author, "p", 500) == {
        "colorId": "#112233",
        "name": "Ö",
        "timestamp": 900,
        "lastSeen": 500,
        "padIDs": {"q": 1, "p": 1},
        "ep_x": True,
    }
    assert with_pad(None, author, "p", 500)["padIDs"] == {"p": 1}
    assert with_pad({"padIDs": "q"}, author, "p", 500)["padIDs"] == {"p": 1}


def test_what_another_history_leaves_behind_it_is_named() -> None:
    assert surplus("p", before=(5, 2), now=(3, 0)) == [
        "pad:p:revs:4",
        "pad:p:revs:5",
        "pad:p:chat:1",
        "pad:p:chat:2",
    ]
    assert surplus("p", before=(3, -1), now=(5, -1)) == []
