"""Tests that the stored form of a revision is byte for byte what an encoder would make."""

from __future__ import annotations

import pytest

from padfleet.shared.easysync import AttributePool, prepare_for_wire
from padfleet.shared.log.form import KEPT_CHARS, encode_wire
from padfleet.shared.wire.jsontext import dumps, loads

AUTHORS = ["a.x", 'a."quoted"\\', "a.ümläut", "a.\ud83d\ude00", "a.half\ud83d", "a\u2028b", ""]
TEXTS = ["x", "\n", '"\\', "é", "\ud83d\ude00", "\ud83d", "\u2028\x00"]


def by_encoder(
    rev: int, changeset: str, pool: AttributePool, author: str, birth: int | None
) -> bytes:
    translated, wire_pool = prepare_for_wire(changeset, pool)
    data = {
        "type": "NEW_CHANGES",
        "newRev": rev,
        "changeset": translated,
        "apool": wire_pool.to_wire(),
        "author": author,
        "currentTime": 1_700_000_000_000,
        "timeDelta": 12,
    }
    if birth is not None:
        data["birth"] = birth
    return dumps(data).encode()


@pytest.mark.parametrize("birth", [None, 0, 7 << 60])
@pytest.mark.parametrize("text", TEXTS, ids=ascii)
@pytest.mark.parametrize("author", AUTHORS, ids=ascii)
def test_it_is_what_an_encoder_makes_of_it(author: str, text: str, birth: int | None) -> None:
    pool = AttributePool()
    for pair in (("bold", "true"), ("author", author), ("author", "a.other")):
        pool.put(*pair)
    size = len(text)
    for ops in ("", "*1", "*0*1", "*2", "*1+0*2"):
        changeset = f"Z:1>{size:x}{ops}+{size:x}${text}"
        for rev in (0, 1, 10**9):  # again, too, when something of it has been kept
            made = encode_wire(rev, changeset, pool, author, 1_700_000_000_000, 12, birth=birth)
            assert made == by_encoder(rev, changeset, pool, author, birth)
            assert loads(made)["newRev"] == rev


def test_long_attributes_are_not_kept() -> None:
    pool = AttributePool()
    pool.put("picture", "x" * (KEPT_CHARS + 1))
    for _ in range(2):
        made = encode_wire(1, "Z:1>1*0+1$x", pool, "a.x", 1_700_000_000_000, 12)
        assert made == by_encoder(1, "Z:1>1*0+1$x", pool, "a.x", None)
