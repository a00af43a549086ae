"""Writes and checks the records of a pad as an Etherpad does, without running one."""

from __future__ import annotations

from random import Random
from typing import Any

from padfleet.shared.easysync import (
    AttributePool,
    attribs_of,
    iter_ops,
    make_atext,
    make_splice,
    to_units,
    unpack,
)
from padfleet.shared.easysync.atext import apply_to_atext
from padfleet.shared.easysync.attributes import attribs_string
from padfleet.shared.etherpad import records as r
from padfleet.shared.log.pad.options import normalised
from padfleet.shared.wire.jsontext import dumps, loads


def stored(value: Any) -> Any:
    """Returns the value as it comes back from a database."""
    return loads(dumps(value))


class EtherpadPad:
    """Continues the records of the pad ``p``, whoever has written them."""

    def __init__(self, records: dict[str, Any]) -> None:
        self.records = records
        record = records.get("pad:p")
        self.head = r.head_of(record, "") if record else -1
        self.pool = r.pool_of(record, "") if record else AttributePool()
        self.atext = make_atext("\n")
        if record:
            self.atext = self.atext._replace(**record["atext"])

    def append(self, changeset: str, author: str, time: int) -> None:
        self.atext = apply_to_atext(changeset, self.atext, self.pool)
        self.head += 1
        if author:
            self.pool.put("author", author)
        meta: dict[str, Any] = {"author": author, "timestamp": time}
        if self.head % 100 == 0:
            meta |= {"atext": self.atext._asdict(), "pool": self.pool.to_jsonable()}
        record = {"changeset": changeset, "meta": meta}
        self.records[r.revision_key("p", self.head)] = stored(record)
        self.save()

    def save(self) -> None:
        """Keeps what others have put into the pad's record, as an Etherpad does."""
        made = r.pad_record(
            self.atext,
            self.pool,
            self.head,
            chat_head=-1,
            public=False,
            saved=[],
            settings=normalised({}),
        )
        self.records["pad:p"] = stored({**made, **self.records.get("pad:p", {}), **_moved(made)})

    def type(self, count: int, seed: int, author: str, time: int, *, plain: bool = False) -> None:
        """Types random text. With `plain`, every character is one code unit."""
        random = Random(seed)
        for number in range(count):
            text = self.atext.text
            at = random.randrange(len(text))
            end = min(len(text) - 1, at + random.randrange(4))
            words = random.choice(["ab", "\n", "c\nd", "ü" if plain else to_units("ü😀"), ""])
            if words or end > at:
                attribs = [("author", author), ("bold", random.choice(["", "true"]))]
                changeset = make_splice(text, at, max(0, end - at), words, attribs, self.pool)
                self.append(changeset, author, time + number)


def _moved(made: dict[str, Any]) -> dict[str, Any]:
    return {name: made[name] for name in ("atext", "pool", "head")}


def check(records: dict[str, Any]) -> None:
    """Checks a pad as an Etherpad does (`Pad.check`)."""
    record = records["pad:p"]
    pool = r.pool_of(record, "")
    atext = make_atext("\n")
    authors = set()
    for rev in range(r.head_of(record, "") + 1):
        found = records[r.revision_key("p", rev)]
        changeset, author, time = r.changeset_of(found, "")
        assert time > 0
        authors.add(author)
        for op in iter_ops(unpack(changeset).ops):
            assert op.attribs == attribs_string(attribs_of(op.attribs, pool).items(), pool)
        atext = apply_to_atext(changeset, atext, pool)
        if rev % r.KEY_REVISIONS == 0:
            assert found["meta"]["atext"] == atext._asdict(), rev
            then = r.pool_of(found["meta"], "")
            assert list(then.pairs()) == list(pool.pairs())[: len(then)], rev
        else:
            assert set(found["meta"]) == {"author", "timestamp"}
    assert record["atext"] == atext._asdict()
    named = {value for key, value in pool.pairs() if key == "author" and value}
    assert named >= authors - {""}
    revs = [one["revNum"] for one in record["savedRevisions"]]
    assert len(set(revs)) == len(revs)
