"""Tests that a value that one way in refuses does not come in by another."""

from __future__ import annotations

import asyncio
import io
import re
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.services.fanout.auth.decision import name_of as claimed_name
from padfleet.services.tools.restore.put import Restorer
from padfleet.services.writer.pads.rules import SubmissionRefused, wire_pool_of
from padfleet.shared import bounds
from padfleet.shared.bounds import OutOfBounds
from padfleet.shared.easysync import AttributePool, make_splice
from padfleet.shared.etherpad import bring
from padfleet.shared.etherpad import records as r
from padfleet.shared.etherpad.bring import MOST_MISSING
from padfleet.shared.etherpad.jsonfile import open_etherpad_file
from padfleet.shared.etherpad.records import BadRecord
from padfleet.shared.log.entries import Submission
from padfleet.shared.log.pad.chat import ChatMessage
from padfleet.shared.log.pad.document import CorruptPad
from padfleet.shared.log.pad.options import normalised, parse_options
from padfleet.shared.log.pad.saved import SavedRevision, readable
from padfleet.shared.log.pad.staging import Staging
from padfleet.shared.log.people.author_records import (
    RANDOM,
    Author,
    author_items,
    new_author_id,
    stored_author,
)
from padfleet.shared.log.records import Origin, Revision, pack
from padfleet.shared.wire.jsontext import dumps, loads

FAULTS = Path(__file__).parents[1] / "data" / "faults"
NOW = 1_750_000_000_000
AUTHOR = "a.0123456789abcdef"

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


# --- Fields × doors ------------------------------------------------------------------------------


def through_a_file(name: Any, color: Any) -> Author:
    found = r.author_of({"name": name, "colorId": color}, AUTHOR)
    assert found is not None
    return found


def through_an_archive(name: Any, color: Any) -> Author:
    letter = "n" if isinstance(color, int) else "c"
    items = [b"color", f"{letter}{color}".encode("utf-8", "surrogatepass")]
    if isinstance(name, str):
        items += [b"name", name.encode("utf-8", "surrogatepass")]
    found = stored_author(AUTHOR, items)
    assert found is not None
    return found


def through_what_is_stored(name: Any, color: Any) -> Author:
    made = Author(AUTHOR, name if isinstance(name, str) else None, color)
    found = stored_author(AUTHOR, author_items(made))
    assert found is not None
    return found


AUTHOR_DOORS: list[Callable[[Any, Any], Author]] = [
    through_a_file,
    through_an_archive,
    through_what_is_stored,
]


@pytest.mark.parametrize("door", AUTHOR_DOORS)
@pytest.mark.parametrize("length", [1, bounds.MOST_NAME, bounds.MOST_NAME + 1, 5_000_000])
def test_a_name_is_cut_wherever_it_comes_in(
    door: Callable[[Any, Any], Author], length: int
) -> None:
    assert door("x" * length, 3).name == "x" * min(length, bounds.MOST_NAME)
    assert claimed_name({"name": "x" * length}) == "x" * min(length, bounds.MOST_NAME)


@pytest.mark.parametrize("door", AUTHOR_DOORS)
@pytest.mark.parametrize(
    "color", ["red", "", "#12345", "#12345g", "x" * 100_000, "#112233\n", "\ud800", -1, 64, 10**20]
)
def test_a_colour_that_is_none_becomes_one_that_is(
    door: Callable[[Any, Any], Author], color: Any
) -> None:
    found = door("x", color).color
    assert type(found) is int
    assert 0 <= found < bounds.PALETTE_SIZE
    assert found == door("y", color).color, "and always the same"


@pytest.mark.parametrize("door", AUTHOR_DOORS)
@pytest.mark.parametrize("color", ["#abc", "#AABBCC", 0, 63])
def test_a_colour_that_is_one_stays(door: Callable[[Any, Any], Author], color: Any) -> None:
    assert door("x", color).color == color


def message_from_a_file(text: str, time: Any, extra: dict[str, Any], author: str) -> ChatMessage:
    record = {**extra, "text": text, "time": time, "authorId": author}
    found = r.message_of(record, 0, latest=NOW)
    assert found is not None
    return found


def message_from_an_archive(
    text: str, time: Any, extra: dict[str, Any], author: str
) -> ChatMessage:
    return ChatMessage.from_record(0, pack((author, time, text, dumps(extra) if extra else "")))


@pytest.mark.parametrize("door", [message_from_a_file, message_from_an_archive])
@pytest.mark.parametrize("time", [0, -5, 9e15, 9_000_000_000_000_000, 1e300, -1e300])
def test_chat_is_bounded_wherever_it_comes_in(door: Callable[..., ChatMessage], time: Any) -> None:
    found = door("x" * 400_000, time, {"a": "b" * bounds.MOST_CHAT_EXTRA}, "a" * 10_000)
    assert len(found.text) == bounds.MOST_CHAT_TEXT
    assert 0 <= found.time <= bounds.LAST_DATE
    assert (found.extra, found.author) == ({}, "")
    kept = door("x", 5, {"a": "b"}, AUTHOR)
    assert kept == ChatMessage(0, AUTHOR, 5, "x", {"a": "b"})


def test_chat_beyond_the_bounds_is_refused_with_a_reason() -> None:
    bounds.check_chat("x" * bounds.MOST_CHAT_TEXT, {"a": 1})
    with pytest.raises(OutOfBounds, match="longer than 10000"):
        bounds.check_chat("x" * (bounds.MOST_CHAT_TEXT + 1), {})
    with pytest.raises(OutOfBounds, match="more than 4096 bytes"):
        bounds.check_chat("x", {"a": "ö" * 2500})


def saved_from_a_file(rev: Any, label: Any, time: Any, name: Any) -> list[SavedRevision]:
    entry = {"revNum": rev, "label": label, "timestamp": time, "id": name, "savedById": 5}
    return r.saved_of({"savedRevisions": [entry]}, "k", latest=NOW)


def saved_from_an_archive(rev: Any, label: Any, time: Any, name: Any) -> list[SavedRevision]:
    return readable([pack((rev, 5, label, time, name))])


@pytest.mark.parametrize("door", [saved_from_a_file, saved_from_an_archive])
def test_saved_revisions_are_bounded_wherever_they_come_in(
    door: Callable[..., list[SavedRevision]],
) -> None:
    (found,) = door(3, "x" * 3_000_000, 9e15, "i" * 10_000)
    assert found.label == "x" * bounds.MOST_LABEL
    assert 0 <= found.time <= bounds.LAST_DATE
    assert len(found.id) <= bounds.MOST_LABEL
    assert found.author == ""
    assert [one.rev for one in door("7", "", 0, "")] == [7]
    none: list[Any] = ["9" * 5000, "-1", -1, 1.5, "1e3", None, [], "²"]
    for rev in none:
        assert door(rev, "x", 1, "i") == []


def test_settings_are_bounded_wherever_they_come_in() -> None:
    given: dict[str, Any] = {f"ep_{'x' * 70_000}{number}": 1 for number in range(5)}
    given |= {"ep_small": 1, "ep_large": "x" * bounds.PLUGIN_KEY_BYTES, "lang": "x" * 5000}
    for found in (normalised(given), parse_options(dumps(given).encode())):
        assert set(found) - set(normalised(None)) == {"ep_small"}
        assert len(found["lang"]) == bounds.MOST_WORD


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("k" * (bounds.MOST_ATTRIBUTE_KEY + 1), "v"),
        ("k", "v" * (bounds.MOST_ATTRIBUTE_VALUE + 1)),
        ("author", "a" * (bounds.MOST_ID + 1)),
        ("author", "two words"),
    ],
)
def test_attributes_are_bounded_wherever_they_come_in(key: str, value: str) -> None:
    pool = AttributePool()
    pool.put("author", AUTHOR)
    pool.put(key, value)
    with pytest.raises(BadRecord):
        r.pool_of({"pool": pool.to_jsonable()}, "k")
    change = "Z:1>1*0+1$x"
    origin = Origin("s", 1)
    submission = Submission("p", origin, 1, 1, AUTHOR, 0, change, pool.to_jsonable())
    with pytest.raises(SubmissionRefused):
        wire_pool_of(submission)


def test_the_attributes_of_a_file_are_bounded_together() -> None:
    values = [["k", f"{number}".ljust(900_000)] for number in range(12)]
    pool = {"numToAttrib": {str(n): value for n, value in enumerate(values)}, "nextNum": 12}
    with pytest.raises(BadRecord, match="together"):
        r.pool_of({"pool": pool}, "k")
    with pytest.raises(BadRecord, match="more than 11 attributes"):
        r.pool_of({"pool": pool}, "k", most=11)


@pytest.mark.parametrize(
    ("time", "author"),
    [(bounds.LAST_DATE + 1, AUTHOR), (-1, AUTHOR), (5, "a" * 101), (5, "a b")],
)
def test_a_history_of_an_archive_is_refused_where_it_cannot_be_cut(time: int, author: str) -> None:
    with pytest.raises(CorruptPad):
        Staging._check(Revision(0, author, time, None, b"", b""))


@pytest.mark.parametrize(
    ("pad", "is_one"),
    [
        ("pad", True),
        ("old pad", True),
        ("g.0123456789abcdef$name", True),
        ("p" * 50, True),
        ("🎉", True),
        ("p" * 51, False),
        ("p" * 100_000, False),
        ("", False),
        ("a$b", False),
        ("r.0123", False),
        ("a\x00b", False),
        ("\ud800", False),
        (None, False),
        (5, False),
    ],
)
def test_pad_ids_are_bounded(pad: Any, is_one: bool) -> None:
    assert bounds.is_pad_id(pad) is is_one


async def test_no_door_makes_a_pad_that_nobody_could_open() -> None:
    nothing: Any = None
    with pytest.raises(BadRecord, match="nobody could open"):
        await bring.bring_pad(nothing, nothing, nothing, "p", as_id="p" * 51, replace=False)
    restorer = Restorer(
        nothing,
        nothing,
        only=None,
        new_id="a\nb",
        replace=False,
        restored=nothing,
        progress=nothing,
    )
    with pytest.raises(CorruptPad, match="nobody could open"):
        await restorer._begin(cast("Any", type("Head", (), {"pad": "p"})))


def test_a_mapper_is_refused_when_it_is_too_long() -> None:
    assert bounds.check_mapper("x" * bounds.MOST_MAPPER)
    for mapper in ("", "x" * (bounds.MOST_MAPPER + 1)):
        with pytest.raises(OutOfBounds):
            bounds.check_mapper(mapper)


# --- Numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0, 0),
        ("12", 12),
        (3.0, 3),
        ("9007199254740991", bounds.LARGEST),
        ("9007199254740992", None),
        (1 << 53, None),
        (1e300, None),
        (float("inf"), None),
        (float("nan"), None),
        ("9" * 5000, None),
        ("٣", None),
        (" 1", None),
        ("+1", None),
        ("", None),
        (True, None),
        (-1, None),
        (0.5, None),
        (None, None),
        ({}, None),
    ],
)
def test_numbers_are_exact_and_not_negative(value: Any, number: int | None) -> None:
    assert bounds.number_of(value) == number


@given(json_values)
def test_whatever_is_given_comes_out_within_bounds(value: Any) -> None:
    assert 0 <= bounds.moment(value, latest=NOW) <= NOW
    number = bounds.number_of(value)
    assert number is None or 0 <= number <= bounds.LARGEST
    assert len(bounds.name_of(value) or "") <= bounds.MOST_NAME
    assert 0 < len(bounds.label_of(value, 3)) <= bounds.MOST_LABEL
    color = bounds.color_of(value, AUTHOR)
    assert bounds.is_color(color) or 0 <= int(color) < bounds.PALETTE_SIZE
    for test in (
        bounds.is_pad_id,
        bounds.is_author_id,
        bounds.is_group_id,
        bounds.is_session_id,
        bounds.is_token,
        bounds.is_read_only_id,
    ):
        assert test(value) in (True, False)
    loads(dumps(normalised(value)))


# --- Files ---------------------------------------------------------------------------------------


def pad_records(text: str = "a", **more: Any) -> dict[str, Any]:
    changeset = make_splice("\n", 0, 0, text, "")
    return {
        "pad:p": {
            "atext": {"text": f"{text}\n", "attribs": f"|1+{len(text) + 1}"},
            "pool": {"numToAttrib": {}, "nextNum": 0},
            "head": 0,
            **more,
        },
        "pad:p:revs:0": {"changeset": changeset, "meta": {"author": "", "timestamp": 5}},
    }


class Counted:
    """Records of which it is counted how many are asked for."""

    def __init__(self, records: dict[str, Any]) -> None:
        self.records = records
        self.asked = 0

    async def get(self, keys: Any) -> list[Any]:
        self.asked += len(keys)
        return [self.records.get(key) for key in keys]


class Sink:
    def __init__(self) -> None:
        self.messages: list[tuple[str, list[bytes]]] = []

    async def add_chat(self, messages: Any) -> None:
        self.messages += messages


@pytest.mark.parametrize("said", [10**12, bounds.LARGEST, MOST_MISSING * 3])
@pytest.mark.parametrize("there", [0, 7])
async def test_messages_are_looked_for_by_what_is_there(said: int, there: int) -> None:
    records = pad_records(chatHead=said)
    records |= {f"pad:p:chat:{number}": {"text": "x", "time": 1} for number in range(there)}
    source, sink = Counted(records), Sink()
    found = await bring._chat(
        cast("Any", source), "p", records["pad:p"], cast("Any", sink), latest=NOW
    )
    assert found == len(sink.messages) == there
    assert source.asked < 2 * MOST_MISSING


async def test_messages_behind_holes_are_found() -> None:
    records = pad_records(chatHead=5000)
    records |= {f"pad:p:chat:{number}": {"text": "x"} for number in (0, 4000, 5000)}
    sink = Sink()
    assert (
        await bring._chat(
            cast("Any", Counted(records)), "p", records["pad:p"], cast("Any", sink), latest=NOW
        )
        == 3
    )
    assert [message_id for message_id, _ in sink.messages] == ["0-1", "1-1", "2-1"]


@pytest.mark.parametrize("head", [-1, 0.5, 10**300, "0", None, True, 1e300])
def test_an_invalid_head_is_refused(head: Any) -> None:
    with pytest.raises(BadRecord):
        r.head_of({"head": loads(dumps(head))}, "k")


hostile_records = st.dictionaries(
    st.sampled_from(["pad:p", "pad:p:revs:0", "pad:p:chat:0", f"globalAuthor:{AUTHOR}"]),
    json_values
    | st.fixed_dictionaries(
        {},
        optional={
            name: json_values
            | st.sampled_from(
                [
                    10**12,
                    1e300,
                    "9" * 5000,
                    {"text": "a\n", "attribs": "|1+2"},
                    "Z:1>1+1$a",
                    "Z:1>zzz+zzz$a",
                ]
            )
            for name in (
                "head",
                "chatHead",
                "atext",
                "pool",
                "savedRevisions",
                "changeset",
                "meta",
                "text",
                "time",
                "name",
                "colorId",
            )
        },
    ),
)


@given(hostile_records)
async def test_a_file_is_read_or_refused_and_never_breaks(records: dict[str, Any]) -> None:
    try:
        source = await open_etherpad_file(io.BytesIO(dumps(records).encode()))
        key = r.pad_key("p")
        (record,) = await source.get([key])
        assert r.head_of(record, key) >= 0
        assert r.chat_count(record, key) >= 0
        r.pool_of(record, key)
        r.text_of(record, key)
        r.saved_of(record, key, latest=NOW)
        (revision,) = await source.get([r.revision_key("p", 0)])
        r.changeset_of(revision, "k")
        (message,) = await source.get([r.chat_key("p", 0)])
        r.message_of(message, 0, latest=NOW)
    except BadRecord:
        pass


@pytest.mark.parametrize(
    "text",
    ["[" * 10_000, '{"a":' * 10_000, '{"a":' + "9" * 5000 + "}", '{"a":1e999}', '{"a":NaN}'],
)
async def test_a_file_that_is_no_json_is_refused(text: str) -> None:
    async def read() -> None:
        source = await open_etherpad_file(io.BytesIO(text.encode()))
        (value,) = await source.get(["a"])
        r.head_of(value, "a")

    with pytest.raises(BadRecord):
        await read()


async def test_an_empty_file_is_read_once() -> None:
    """Spaces between two records were gone through again with each piece of the file."""
    data = b'{"a":1,' + b" " * (3 << 20) + b'"b":2}'
    async with asyncio.timeout(60):
        source = await open_etherpad_file(io.BytesIO(data))
    assert await source.get(["a", "b"]) == [1, 2]


async def test_a_file_of_too_many_records_is_refused() -> None:
    data = dumps({str(number): 1 for number in range(100)}).encode()
    source = await open_etherpad_file(io.BytesIO(data), most=100)
    assert await source.get(["0", "99"]) == [1, 1]
    with pytest.raises(BadRecord, match="more than 99 records"):
        await open_etherpad_file(io.BytesIO(data), most=99)


def test_new_authors_have_ids_like_those_of_etherpad_that_never_come_twice() -> None:
    made = {new_author_id() for _ in range(2000)}
    assert len(made) == 2000
    assert all(re.fullmatch(r"a\.[A-Za-z0-9]{16}", each) for each in made)
    assert len({each[2 : 2 + RANDOM] for each in made}) == 2000
    for place in range(2, 2 + RANDOM):
        assert {each[place] for each in made} == set(string.ascii_letters + string.digits)
