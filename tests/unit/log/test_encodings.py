"""Tests that what is stored and published comes back unchanged, including lone surrogates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.shared.easysync import AttributePool
from padfleet.shared.log.channel_messages import (
    Committed,
    Joined,
    Left,
    Member,
    UserInfo,
    committed_header,
    decode_message,
    encode_user_info,
)
from padfleet.shared.log.entries import (
    LONG,
    Creation,
    Deletion,
    Entry,
    Fence,
    Submission,
    decode_entry,
    encode_entry,
    fence_around_order,
)
from padfleet.shared.log.inboxes.limits import most_bytes
from padfleet.shared.log.outcomes import Outcome
from padfleet.shared.log.records import Origin, Revision, Snapshot, pack, unpack

ORIGIN = Origin("session", 3)
LONE = "\ud83d"

ENTRIES: list[Entry] = [
    Submission(
        "pad", ORIGIN, 2, 0, "a.x", 7, f"Z:1>1*0+1${LONE}", {"numToAttrib": {}, "nextNum": 0}
    ),
    Fence("pad", ORIGIN, 2, "a.x"),
    Creation("pad", ORIGIN, "a.x", f"text {LONE}\n"),
    Deletion("pad", ORIGIN, "a.x"),
]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: type(entry).__name__)
def test_each_entry_comes_back_unchanged(entry: Entry) -> None:
    assert decode_entry(encode_entry(entry)) == entry


@given(st.text(st.characters(max_codepoint=0xFFFF)))
def test_I9_any_code_units_survive_storage(text: str) -> None:
    entry = Creation("pad", ORIGIN, "a.x", text)
    assert decode_entry(encode_entry(entry)) == entry


@given(
    st.text(max_size=200),
    st.text(max_size=200),
    st.dictionaries(st.text(max_size=20), st.text(max_size=300), max_size=40),
    st.integers(0, 1 << 53),
)
def test_no_submission_takes_more_bytes_than_is_reckoned(
    name: str, text: str, attributes: dict[str, str], number: int
) -> None:
    pool = AttributePool()
    for pair in attributes.items():
        pool.put(*pair)
    entry = Submission(
        name,
        Origin(name, number),
        number,
        number,
        name,
        number,
        text,
        pool.to_jsonable(),
        name,
        for_others=True,
    )
    assert len(encode_entry(entry)) <= most_bytes(entry)


@pytest.mark.parametrize("more", [-1, 0, 1, LONG, 3 * LONG + 7])
def test_a_long_text_is_stored_like_any_other(more: int) -> None:
    """It is encoded in parts, which may be cut within a pair."""
    text = LONE + ("\ude00" + LONE) * ((LONG + more) // 2) + "x"
    for entry in (
        Creation("pad", ORIGIN, "a.x", text),
        Submission("pad", ORIGIN, 2, 0, "a.x", 7, f"Z:1>1+1${text}", {"numToAttrib": {}}),
    ):
        data = encode_entry(entry)
        assert data == pack(unpack(data))
        assert decode_entry(data) == entry


def test_a_fence_is_the_same_entry_with_its_order_put_in_between() -> None:
    before, after = fence_around_order(Fence("päd", Origin("s", 3), 0, "a.me"))
    for order in (1, 127, 128, 65_536, 1 << 40):
        fence = Fence("päd", Origin("s", 3), order, "a.me")
        assert before + pack(order) + after == encode_entry(fence)


def test_a_revision_comes_back_unchanged() -> None:
    for origin in (ORIGIN, None):
        revision = Revision(5, "a.x", 1234, origin, b"chain", b'{"changeset":"\\ud83d"}')
        assert Revision.from_record(5, revision.to_record()) == revision


def test_a_message_of_a_commit_comes_back_unchanged() -> None:
    revisions = [Revision(rev, "a.x", rev, ORIGIN, b"c", b"{}") for rev in (5, 6)]
    outcomes = [Outcome(ORIGIN, "refused", 4, "badChangeset", "why")]
    data = (
        b"R"
        + committed_header(1, "reign", 5, outcomes)
        + b"".join(r.to_record() for r in revisions)
    )
    assert decode_message(data) == Committed(1, "reign", revisions, outcomes)


def test_every_other_message_comes_back_as_it_was() -> None:
    member = Member("s", "a.x", "w", LONE, "#fff", embedded=False, read_only=True)
    assert decode_message(b"J12 " + pack(member)) == Joined(12, member)
    left = Left("s", "a.x", 7)
    assert decode_message(b"L" + pack(left)) == left
    info = UserInfo("s", "a.x", None, "#fff")
    assert decode_message(encode_user_info(info)) == info


def test_an_unknown_message_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown channel message"):
        decode_message(b"?x")


def test_a_snapshot_comes_back_unchanged() -> None:
    snapshot = Snapshot(
        9, 1, f"text{LONE}\n", "|1+6", [("author", "a.x")], 5, b"chain", {"s": (3, 1000)}
    )
    assert Snapshot.from_bytes(snapshot.to_bytes()) == snapshot
