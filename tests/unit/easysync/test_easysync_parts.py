"""Pools, numbers and texts: the parts that the algebra rests on."""

from __future__ import annotations

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.shared.easysync import (
    AttributePool,
    Builder,
    attribs_of,
    from_units,
    identity,
    to_units,
)
from padfleet.shared.easysync.base36 import LARGEST, VALUES, numeral
from tests.unit.easysync.strategies import PIECES, PROPERTY

any_text = st.one_of(
    st.text(), st.lists(st.sampled_from(PIECES)).map("".join), st.text("a\ud83d\ude00😀\uffff𐀀")
)


@PROPERTY
@given(any_text)
def test_I9_units_are_those_of_javascript(text: str) -> None:
    units = to_units(text)
    assert len(units) == len(text.encode("utf-16-le", "surrogatepass")) // 2
    assert max(units, default="") <= "\uffff"
    assert to_units(units) == units
    assert to_units(from_units(units)) == units


@PROPERTY
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_I9_code_units_convert_back_to_the_text(text: str) -> None:
    assert from_units(to_units(text)) == text


def test_I9_lone_surrogates_stay() -> None:
    assert from_units("a\ude00\ud83d\ud83d\ude00\ud83d") == "a\ude00\ud83d😀\ud83d"
    assert to_units("\ud83d😀\ude00") == "\ud83d\ud83d\ude00\ude00"


@PROPERTY
@given(st.integers(0, LARGEST))
def test_numbers_are_written_as_they_are_read(number: int) -> None:
    written = numeral(number)
    assert set(written) <= set(string.digits + string.ascii_lowercase)
    assert written == "0" or not written.startswith("0")
    assert VALUES[written] == int(written, 36) == number


def test_attributes_are_numbered_as_they_come() -> None:
    pool = AttributePool()
    assert [pool.put("bold", "true"), pool.put("author", "a.1"), pool.put("bold", "true")] == [
        0,
        1,
        0,
    ]
    assert pool.find("author", "a.1") == 1
    assert pool.find("author", "a.2") == -1
    assert pool.get(1) == ("author", "a.1")
    assert (pool.has(1), pool.has(2), len(pool)) == (True, False, 2)


def test_attributes_that_read_the_same_when_joined_share_a_number() -> None:
    pool = AttributePool()
    assert pool.put("a", "b,c") == pool.put("a,b", "c") == 0
    assert pool.get(0) == ("a", "b,c")


def test_the_wire_form_is_that_of_etherpad_to_the_letter() -> None:
    pool = AttributePool()
    pool.put("author", "a.1")
    pool.put("bold", "true")
    assert json.dumps(pool.to_wire(), separators=(",", ":")) == (
        '{"numToAttrib":{"0":["author","a.1"],"1":["bold","true"]},'
        '"attribToNum":{"author,a.1":0,"bold,true":1},"nextNum":2}'
    )
    assert pool.to_jsonable() == {
        "numToAttrib": {"0": ["author", "a.1"], "1": ["bold", "true"]},
        "nextNum": 2,
    }


def test_a_pool_with_gaps_is_read_as_etherpad_reads_it() -> None:
    pool = AttributePool.from_jsonable(
        {"numToAttrib": {"10": ["a", "b"], "2": ["a", "b"], "5": ["c", "d"]}, "nextNum": 5}
    )
    assert pool.find("a", "b") == 10
    assert not pool.has(0)
    assert pool.put("e", "f") == 5
    assert pool.get(5) == ("e", "f")


def test_clones_are_independent() -> None:
    pool = AttributePool()
    pool.put("a", "1")
    twin = pool.clone()
    pool.put("b", "1")
    assert twin.put("c", "1") == 1
    assert pool.get(1) == ("b", "1")
    assert twin.get(1) == ("c", "1")
    third = twin.clone()
    third.truncate(1)
    assert (len(third), len(twin), third.find("c", "1")) == (1, 2, -1)


def test_what_was_put_in_can_be_taken_back() -> None:
    pool = AttributePool()
    for key in "abc":
        pool.put(key, "1")
    pool.truncate(1)
    pool.truncate(5)
    assert pool.to_jsonable() == {"numToAttrib": {"0": ["a", "1"]}, "nextNum": 1}
    assert pool.find("b", "1") == -1
    assert pool.put("c", "1") == 1


@pytest.mark.parametrize("made", ["Z:6>1=1*0*1|1+1*2=1-1$\n"])
def test_a_builder_orders_what_it_is_given(made: str) -> None:
    pool = AttributePool()
    builder = Builder(6)
    builder.keep(1).insert("\n", [("author", "a.1"), ("bold", "true"), ("italic", "")], pool)
    builder.keep(1, 0, [("bold", "")], pool).remove(1).keep(2)
    assert builder.to_changeset() == made.replace(">1", ">0")
    assert attribs_of("*0*1", pool) == {"author": "a.1", "bold": "true"}
    assert pool.find("italic", "") == -1


def test_new_attributes_are_numbered_as_given_and_written_by_key() -> None:
    pool = AttributePool()
    cs = Builder(1).insert("x", [("b", "1"), ("a", "1")], pool).to_changeset()
    assert cs == "Z:1>1*1*0+1$x"
    assert Builder(3).keep_text("a\nb").to_changeset() == identity(3)
