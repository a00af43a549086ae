"""Tests that anything in an inbox is either an entry or has an error reported."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.shared.easysync import AttributePool, make_splice
from padfleet.shared.log.entries import (
    Creation,
    Deletion,
    Entry,
    Fence,
    Submission,
    encode_entry,
)
from padfleet.shared.log.inboxes.limits import (
    LARGEST_BYTES,
    PART_BYTES,
    UNLIMITED,
    EditTooLarge,
    PadLimits,
    check,
)
from padfleet.shared.log.inboxes.received import Staged, UnreadEntry, encode_staged, receive
from padfleet.shared.log.records import Origin, pack

ORIGIN = Origin("s", 3)
ENTRIES: list[Entry] = [
    Submission("pad", ORIGIN, 1, 0, "a.x", 0, "Z:1>0$", {}),
    Fence("pad", ORIGIN, 1, "a.x"),
    Creation("pad", ORIGIN, "a.x", "text\n"),
    Deletion("pad", ORIGIN, "a.x"),
]


def wrong(**fields: bytes) -> UnreadEntry:
    received = receive(b"5-0", {name.encode(): value for name, value in fields.items()})
    assert received.entry is None
    assert received.unread is not None
    return received.unread


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: type(entry).__name__)
def test_entries_come_back(entry: Entry) -> None:
    assert receive(b"5-0", {b"e": encode_entry(entry)}) == ("5-0", entry, None)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: type(entry).__name__)
def test_whose_it_is_can_be_seen_in_what_is_left_of_one(entry: Entry) -> None:
    found = wrong(e=encode_entry(entry)[:12])
    assert (found.reason, found.pad, found.origin) == ("malformed", "pad", ORIGIN)


STRANGE: dict[str, tuple[dict[str, bytes], str]] = {
    "nothing": ({"e": b""}, "malformed"),
    "no msgpack": ({"e": b"\xc1"}, "malformed"),
    "a number": ({"e": b"\x07"}, "malformed"),
    "nested without end": ({"e": b"\x91" * 100_000}, "malformed"),
    "too few values": ({"e": pack(["c", "pad", ["s", 1]])}, "malformed"),
    "too many values": ({"e": pack(["d", "pad", ["s", 1], "a", True, 1, 1])}, "malformed"),
    "a pad that is none": ({"e": pack(["d", 7, ["s", 1], "a"])}, "malformed"),
    "a session that is none": ({"e": pack(["d", "pad", [None, 1], "a"])}, "malformed"),
    "a count that is none": ({"e": pack(["d", "pad", ["s", "1"], "a"])}, "malformed"),
    "a kind to come": ({"e": pack(["z", "pad", ["s", 1], "a"])}, "form"),
    "a field to come": ({"x": pack(["pad", ["s", 1], "a"])}, "form"),
    "a place that is none": ({"s": pack(["pad", ["s", 1], "../state", 1, 1])}, "malformed"),
    "more parts than bytes": ({"s": pack(["pad", ["s", 1], "ab", 9, 1])}, "malformed"),
    "more bytes than may be": (
        {"s": pack(["pad", ["s", 1], "ab", 1 << 30, (1 << 30) * PART_BYTES])},
        "malformed",
    ),
    "a negative size": ({"s": pack(["pad", ["s", 1], "ab", -1, -PART_BYTES])}, "malformed"),
}


@pytest.mark.parametrize("what", STRANGE)
def test_strange_entries_are_named(what: str) -> None:
    fields, reason = STRANGE[what]
    assert wrong(**fields).reason == reason


def test_what_is_too_large_is_not_unpacked() -> None:
    data = encode_entry(Creation("pad", ORIGIN, "a.x", "x" * LARGEST_BYTES))
    found = wrong(e=data)
    assert (found.reason, found.pad, found.origin) == ("too large", "pad", ORIGIN)
    assert len(found.start) < 2000


def test_the_sender_of_a_future_form_of_entry_can_be_read() -> None:
    """This works as long as the form begins as all forms so far have begun."""
    assert wrong(x=pack(["pad", ["s", 3], "more"])).origin == ORIGIN
    assert wrong(e=pack(["z", "pad", ["s", 3], "more"])).origin == ORIGIN


@given(st.dictionaries(st.sampled_from([b"e", b"s", b"x"]), st.binary(max_size=200)))
def test_nothing_that_stands_there_raises(fields: dict[bytes, bytes]) -> None:
    received = receive(b"5-0", fields)
    assert (received.entry is None) == (received.unread is not None)


def test_a_staged_entry_comes_back() -> None:
    staged = Staged("pad", ORIGIN, "0123abcd", 2, PART_BYTES + 1)
    assert receive(b"5-0", {b"s": encode_staged(staged)}).entry == staged


# --- What is too large ---------------------------------------------------------------------------


LIMITS = PadLimits(units=100, attributes=2)


def typing(old: str, removed: int, text: str, pool: dict[str, Any] | None = None) -> Submission:
    made = AttributePool()
    changeset = make_splice(old, 0, removed, text, [("author", "a.x")], made)
    return Submission("pad", ORIGIN, 1, 0, "a.x", 0, changeset, pool or made.to_jsonable())


@pytest.mark.parametrize(
    "entry",
    [
        typing("x" * 50 + "\n", 0, "y" * 50),
        typing("x" * 200 + "\n", 0, "y"),
        typing("\n", 0, "y", {"numToAttrib": {str(n): ["bold", str(n)] for n in range(3)}}),
        Creation("pad", ORIGIN, "a.x", "x" * 101),
    ],
)
def test_what_would_exceed_the_pad_s_limits_is_too_large(entry: Entry) -> None:
    with pytest.raises(EditTooLarge, match="at most"):
        check(entry, 1000, LIMITS)


@pytest.mark.parametrize(
    "entry",
    [
        typing("x" * 49 + "\n", 0, "y" * 50),
        typing("x" * 200 + "\n", 100, "y"),  # still too long, and less so
        typing("\n", 0, "y", {"numToAttrib": {str(n): ["bold", str(n)] for n in range(2)}}),
        Submission("pad", ORIGIN, 1, 0, "a.x", 0, "no changeset", {}),  # for the writer to refuse
        Submission("pad", ORIGIN, 1, 0, "a.x", 0, "Z:" + "z" * 5000 + ">1", {}),
        Creation("pad", ORIGIN, "a.x", "x" * 100),
        Deletion("pad", ORIGIN, "a.x"),
    ],
)
def test_what_stays_within_the_pads_limits_is_not_too_large(entry: Entry) -> None:
    check(entry, 1000, LIMITS)


def test_no_entry_is_larger_than_any_may_be() -> None:
    check(ENTRIES[0], LARGEST_BYTES, UNLIMITED)
    with pytest.raises(EditTooLarge, match="make several of it"):
        check(ENTRIES[0], LARGEST_BYTES + 1, UNLIMITED)
