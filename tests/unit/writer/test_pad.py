"""Tests one pad in its writer's memory, which handles a USER_CHANGES as Etherpad's server does, and
does nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.services.writer.pads import rebase_changes
from padfleet.services.writer.pads.pad import SESSION_MEMORY_MS, WriterPad
from padfleet.services.writer.pads.rebase_changes import RECENT_REVISIONS
from padfleet.shared.easysync import AttributePool, make_splice, move_ops_to_new_pool
from padfleet.shared.log.entries import Submission
from padfleet.shared.log.pad.document import CorruptPad, Document, DocumentChange
from padfleet.shared.log.records import Origin
from padfleet.shared.wire.jsontext import loads

ALICE, BOB = "a.alice", "a.bob"


def a_pad(text: str = "hello\n") -> WriterPad:
    pad = WriterPad()
    pad.create(text, ALICE, 1000)
    return pad


def submission(
    changeset: str,
    *attribs: tuple[str, str],
    author: str = BOB,
    base: int = 0,
    session: str = "s",
    seq: int = 1,
    order: int = 1,
    epoch: int = 0,
) -> Submission:
    pool = AttributePool()
    for key, value in attribs:
        pool.put(key, value)
    origin = Origin(session, seq)
    return Submission("pad", origin, order, epoch, author, base, changeset, pool.to_jsonable())


def insert(pad_text: str, at: int, text: str, author: str = BOB, **more: Any) -> Submission:
    pool = AttributePool()
    changeset = make_splice(pad_text, at, 0, text, [("author", author)], pool)
    return submission(changeset, ("author", author), author=author, **more)


def test_a_new_pad_is_its_creators_but_its_text_is_nobodys() -> None:
    pad = WriterPad()
    revision = pad.create("Welcome\n", ALICE, 1000)
    assert (revision.rev, revision.author, pad.creator) == (0, ALICE, ALICE)
    assert pad.atext.text == "Welcome\n\n"
    assert loads(revision.wire)["apool"]["numToAttrib"] == {"0": ["author", "a.etherpad-system"]}


def test_an_empty_text_makes_a_pad_too() -> None:
    pad = WriterPad()
    pad.create("", ALICE, 1000)
    assert (pad.head, pad.atext.text) == (0, "\n")


def test_the_wire_form_is_what_new_changes_carries() -> None:
    pad = a_pad()
    (revision,) = pad.submit(insert("hello\n\n", 5, "!"), 1500).revisions
    assert list(loads(revision.wire).items()) == [
        ("type", "NEW_CHANGES"),
        ("newRev", 1),
        ("changeset", "Z:7>1=5*0+1$!"),
        (
            "apool",
            {
                "numToAttrib": {"0": ["author", BOB]},
                "attribToNum": {f"author,{BOB}": 0},
                "nextNum": 1,
            },
        ),
        ("author", BOB),
        ("currentTime", 1500),
        ("timeDelta", 500),
    ]


def test_concurrent_inserts_are_rebased() -> None:
    pad = a_pad()
    for number in range(3):
        pad.submit(insert("hello\n\n", 0, str(number), session=f"s{number}"), 1000)
    assert pad.atext.text == "012hello\n\n"


def test_time_does_not_go_back_with_the_clock() -> None:
    pad = a_pad()
    pad.submit(insert("hello\n\n", 0, "x"), 5000)
    (revision,) = pad.submit(insert("xhello\n\n", 0, "y", base=1, seq=2), 4000).revisions
    assert revision.time == 5000
    assert loads(revision.wire)["timeDelta"] == 0


REFUSED: dict[str, Submission] = {
    "not a changeset": submission("hello"),
    "not canonical": submission("Z:7>2*0+1*0+1$ab", ("author", BOB)),
    "characters left in the bank": submission("Z:7>1*0+1$ab", ("author", BOB)),
    "for another length": submission("Z:9>1*0+1$a", ("author", BOB)),
    "an insert of another author": submission("Z:7>1*0+1$a", ("author", ALICE)),
    "an insert without author": submission("Z:7>1+1$a"),
    "an insert with other attributes only": submission("Z:7>1*0+1$a", ("bold", "true")),
    "an insert with an empty author": submission("Z:7>1*0+1$a", ("author", "")),
    "the system author": submission(
        "Z:7>1*0+1$a", ("author", "a.etherpad-system"), author="a.etherpad-system"
    ),
    "a keep for the system author": submission("Z:7>0*0=1$", ("author", "a.etherpad-system")),
    "a keep for an unknown author": submission("Z:7>0*0=1$", ("author", "a.nobody")),
    "a removal that names another author": submission("Z:7<1*0-1$", ("author", ALICE)),
    "an attribute number that is not in the pool": submission("Z:7>1*5+1$a", ("author", BOB)),
    "the final newline removed": submission("Z:7<2=5|2-2$", ("author", BOB)),
    "text after the final newline": submission("Z:7>1|2=7*0+1$a", ("author", BOB)),
    "wrong newline count of a keep": submission("Z:7>1|1=3*0+1$a", ("author", BOB)),
    "based ahead of the head": submission("Z:7>1*0+1$a", ("author", BOB), base=1),
    "based before the start": submission("Z:7>1*0+1$a", ("author", BOB), base=-1),
    "huge numbers": submission("Z:zzzzzzzzzzzz>1*0+1$a", ("author", BOB)),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_a_bad_changeset_is_refused_and_leaves_no_trace(case: Submission) -> None:
    pad = a_pad()
    before = (pad.atext, pad.head, pad.chain, len(pad.pool))
    result = pad.submit(case, 2000)
    assert result.revisions == []
    assert result.outcome is not None
    assert (result.outcome.kind, result.outcome.reason) == ("refused", "badChangeset")
    assert result.outcome.detail
    assert (pad.atext, pad.head, pad.chain, len(pad.pool)) == before
    assert pad.submit(insert("hello\n\n", 0, "x", session="other"), 2000).revisions


def test_a_keep_may_give_text_back_to_a_known_author() -> None:
    """Undo of "clear authorship colours" does so."""
    pad = a_pad()
    pad.submit(insert("hello\n\n", 0, "x", author=ALICE, session="alice"), 1000)
    giving_back = submission("Z:8>0*0=1$", ("author", ALICE), base=1)
    result = pad.submit(giving_back, 1000)
    assert result.outcome is not None
    assert result.outcome.kind == "accepted"  # it was Alice's already
    cleared = pad.submit(submission("Z:8>0*0=1$", ("author", ""), base=1, seq=2), 1000)
    assert len(cleared.revisions) == 1
    back = pad.submit(submission("Z:8>0*0=1$", ("author", ALICE), base=2, seq=3), 1000)
    assert len(back.revisions) == 1


def test_what_changes_nothing_is_accepted_without_a_revision() -> None:
    pad = a_pad()
    result = pad.submit(submission("Z:7>0$"), 1000)
    assert result.revisions == []
    assert result.outcome is not None
    assert (result.outcome.kind, result.outcome.rev) == ("accepted", 0)


def test_I2_an_entry_that_stands_twice_in_the_inbox_is_applied_once() -> None:
    """A worker whose XADD broke off sends it again, not knowing whether it was done."""
    pad = a_pad()
    entry = insert("hello\n\n", 0, "x")
    assert len(pad.submit(entry, 1000).revisions) == 1
    again = pad.submit(entry, 1001)
    assert (again.revisions, again.outcome) == ([], None)
    assert pad.atext.text == "xhello\n\n"


def test_I2_a_repetition_is_recognised_after_a_change_of_writers() -> None:
    pad = a_pad()
    early, late = (
        insert("hello\n\n", 0, "x", session="s1"),
        insert("hello\n\n", 0, "y", session="s2"),
    )
    pad.submit(early, 1000)
    refused = submission("nonsense", session="s3")
    pad.submit(refused, 1000)
    snapshot = pad.to_snapshot()
    tail = pad.submit(late, 1001).revisions
    successor = WriterPad()
    successor.restore(type(snapshot).from_bytes(snapshot.to_bytes()))
    for revision in tail:
        successor.replay(revision)
    for entry in (early, late, refused):
        again = successor.submit(entry, 1002)
        assert (again.revisions, again.outcome) == ([], None)
    assert successor.atext == pad.atext


def test_old_sessions_are_forgotten() -> None:
    pad = a_pad()
    pad.submit(insert("hello\n\n", 0, "x", session="old"), 1000)
    later = 1000 + SESSION_MEMORY_MS + 1
    pad.submit(insert("xhello\n\n", 0, "y", base=1, session="new"), later)
    # It may be the clock that has jumped, and not the time: whoever wrote a moment ago may still
    # repeat it.
    assert list(pad.to_snapshot().sessions) == ["old", "new"]
    pad.submit(insert("yxhello\n\n", 0, "z", base=2, session="newer"), later + 1)
    assert list(pad.to_snapshot().sessions) == ["new", "newer"]


def test_old_sessions_are_forgotten_by_a_writer_that_begins_with_a_snapshot() -> None:
    pad = a_pad()
    pad.submit(insert("hello\n\n", 0, "x", session="old"), 1000)
    later = 1000 + SESSION_MEMORY_MS + 1
    pad.submit(insert("xhello\n\n", 0, "y", base=1, session="new"), later)
    successor = WriterPad()
    successor.restore(pad.to_snapshot())
    assert list(successor.to_snapshot().sessions) == ["new"]


def test_I2_a_retransmitted_changeset_is_not_applied_twice() -> None:
    """A client that saw no answer sends the same again, from a new session."""
    pad = a_pad()
    pad.submit(insert("hello\n\n", 0, "x", session="before"), 1000)
    pad.submit(insert("xhello\n\n", 0, "y", author=ALICE, base=1, session="alice"), 1000)
    result = pad.submit(insert("hello\n\n", 0, "x", session="after"), 1000)
    assert result.revisions == []
    assert result.outcome is not None
    assert (result.outcome.kind, result.outcome.rev) == ("accepted", 2)
    assert pad.atext.text == "yxhello\n\n"


def test_I2_the_latest_copy_counts_however_old_the_first_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only revisions that are too old to be rebased over are forgotten."""
    monkeypatch.setattr(rebase_changes, "RECENT_REVISIONS", 3)
    monkeypatch.setattr(rebase_changes, "MOST_RECENT_REVISIONS", 3)
    pad = a_pad()
    pad._recent._trim_at = 0
    back = submission("Z:8<1-1$")
    for base in (0, 2):
        session = f"s{base}"
        pad.submit(insert("hello\n\n", 0, "x", base=base, session=session), 1000)
        pad.submit(replace(back, base_rev=base + 1, origin=Origin(session, 2)), 1000)
    assert (pad.head, pad.oldest_recent) == (4, 2)
    again = pad.submit(insert("hello\n\n", 0, "x", base=2, session="again"), 1000)
    assert again.outcome is not None
    assert (again.outcome.kind, pad.atext.text) == ("accepted", "hello\n\n")


def test_the_same_changeset_of_another_author_is_not_a_retransmission() -> None:
    pad = a_pad()
    deletion = submission("Z:7<1-1$", author=ALICE)
    pad.submit(deletion, 1000)
    pad.submit(insert("ello\n\n", 0, "x", base=1, session="s2"), 1000)
    pad.submit(submission("Z:7<1-1$", author=BOB, session="s3"), 1000)
    assert pad.atext.text == "xello\n\n"  # both removed the same letter


def test_I2_behind_a_fence_an_earlier_session_cannot_commit() -> None:
    """The author has come back and will send again what was under way."""
    pad = a_pad()
    pad.fences.put_up(BOB, 5, 1000)
    late = pad.submit(insert("hello\n\n", 0, "x", order=4), 1000)
    assert late.outcome is not None
    assert late.outcome.kind == "superseded"
    assert pad.head == 0
    assert pad.submit(insert("hello\n\n", 0, "x", session="new", order=5), 1000).revisions
    assert pad.submit(
        insert("hello\n\n", 0, "z", author=ALICE, session="a", order=1), 1000
    ).revisions


def test_I5_a_submission_to_a_deleted_pad_does_not_enter_its_successor() -> None:
    pad = WriterPad(epoch=1)
    pad.create("hello\n", ALICE, 1000)
    result = pad.submit(insert("hello\n\n", 0, "x", epoch=0), 1000)
    assert result.outcome is not None
    assert (result.outcome.kind, result.outcome.reason) == ("refused", "deleted")


def test_a_marker_inside_a_line_is_corrected_by_a_revision_of_its_own() -> None:
    pad = a_pad()
    marker = [("author", BOB), ("lmkr", "1"), ("list", "bullet1")]
    pool = AttributePool()
    bullet = make_splice("hello\n\n", 2, 0, "*", marker, pool)
    entry = Submission("pad", Origin("s", 1), 1, 0, BOB, 0, bullet, pool.to_jsonable())
    change, correction = pad.submit(entry, 1000).revisions
    assert change.origin == Origin("s", 1)
    assert (correction.rev, correction.origin, correction.author) == (2, None, BOB)
    assert pad.atext.text == "hello\n\n"


@pytest.mark.parametrize(
    ("inserted", "left"),
    [
        ("\0", ""),
        ("a\rb\x1b[1mc", "ab[1mc"),
        ("\x7f\x85x\x9f", "x"),
        ("\x0b\x0c\x0b", ""),
    ],
)
def test_controls_are_removed_by_a_revision_of_its_own(inserted: str, left: str) -> None:
    pad = a_pad()
    change, correction = pad.submit(insert("hello\n\n", 2, inserted), 1000).revisions
    assert change.origin is not None
    assert (correction.rev, correction.origin, correction.author) == (2, None, BOB)
    assert pad.atext.text == f"he{left}llo\n\n"
    # Who made it goes on from what they see, or from what they have been told since.
    (later,) = pad.submit(insert(f"he{inserted}llo\n\n", 0, "x", base=1, seq=2), 1000).revisions
    assert later.rev == 3
    assert pad.atext.text == f"xhe{left}llo\n\n"


def test_controls_and_misplaced_markers_are_removed_at_once() -> None:
    pad = a_pad()
    marker = [("author", BOB), ("lmkr", "1"), ("list", "bullet1")]
    pool = AttributePool()
    bullet = make_splice("hello\n\n", 2, 0, "\0*\0", marker, pool)
    entry = Submission("pad", Origin("s", 1), 1, 0, BOB, 0, bullet, pool.to_jsonable())
    assert len(pad.submit(entry, 1000).revisions) == 2
    assert pad.atext.text == "hello\n\n"


def test_controls_that_a_pad_has_always_had_stay_readable() -> None:
    pad = WriterPad()
    pad.create("a\0b\n", ALICE, 1000)
    text = pad.atext.text
    assert len(pad.submit(insert(text, 0, "x"), 1000).revisions) == 1
    assert pad.atext.text == f"x{text}"


@pytest.mark.parametrize("inserted", ["\t", "\ud83d", "\u2028", "\ufeff", "\xa0"])
def test_what_an_editor_may_insert_stays(inserted: str) -> None:
    pad = a_pad()
    assert len(pad.submit(insert("hello\n\n", 2, inserted), 1000).revisions) == 1
    assert pad.atext.text == f"he{inserted}llo\n\n"


def test_a_history_with_another_chain_is_not_taken_in() -> None:
    pad = a_pad()
    (revision,) = pad.submit(insert("hello\n\n", 0, "x"), 1000).revisions
    other = Document()
    with pytest.raises(CorruptPad, match="does not follow"):
        other.replay(revision)
    first = WriterPad().create("another start\n", ALICE, 1000)
    other.replay(first)
    with pytest.raises(CorruptPad, match="another history"):
        other.replay(revision)


def test_a_very_stale_submission_takes_older_changes_from_the_history() -> None:
    pad, history = a_pad("abc\n"), []
    text = pad.atext.text
    for number in range(RECENT_REVISIONS * 2):
        entry = submission("Z:5>0*0=1$", ("bold", str(number % 2)), base=number, seq=number + 1)
        history += pad.submit(entry, 1000 * number).revisions
    assert pad.atext.text == text
    stale = insert(text, 0, "x", session="stale")
    first = pad.oldest_needed(stale.base_rev)
    assert first == 1
    older = [pad.change_of(revision) for revision in history if revision.rev < pad.oldest_recent]
    with pytest.raises(ValueError, match="older changes"):
        pad.submit(stale, 1000)
    assert pad.submit(stale, 1000, older).revisions
    assert pad.atext.text == "x" + text


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 3), st.text("ab\n", max_size=3)), max_size=12
    )
)
def test_a_successor_that_replays_has_the_same_pad(edits: list[tuple[int, int, str]]) -> None:
    pad, revisions, texts = a_pad(), [], ["hello\n\n"]
    for seq, (at, back, text) in enumerate(edits, 1):
        base = max(pad.head - back, 0)
        pool = AttributePool()
        at = min(at, len(texts[base]) - 1)
        changeset = make_splice(texts[base], at, 0, text, [("author", BOB)], pool)
        origin = Origin("s", seq)
        entry = Submission("pad", origin, 1, 0, BOB, base, changeset, pool.to_jsonable())
        made = pad.submit(entry, 1000 + seq).revisions
        revisions += made
        texts += [pad.atext.text] * len(made)
    twin = WriterPad()
    twin.replay(WriterPad().create("hello\n", ALICE, 1000))
    for revision in revisions:
        twin.replay(revision)
    assert twin.atext.text == pad.atext.text
    assert twin.chain == pad.chain
    pools = AttributePool(), AttributePool()
    moved = [
        move_ops_to_new_pool(p.atext.attribs, p.pool, new)
        for p, new in zip((pad, twin), pools, strict=True)
    ]
    assert moved[0] == moved[1]


def test_changes_are_kept_in_the_pads_own_numbers() -> None:
    pad = a_pad()
    (revision,) = pad.submit(insert("hello\n\n", 0, "x"), 1000).revisions
    assert pad.change_of(revision) == DocumentChange("Z:7>1*2+1$x", BOB)
    assert pad.pool.get(2) == ("author", BOB)


def test_what_is_damaged_is_not_written_on_by_anybody() -> None:
    pad = a_pad()
    pad.damaged = "pad:p:revs:5 is missing"
    result = pad.submit(insert("hello\n\n", 0, "x"), 1500)
    assert result.outcome is not None
    assert (result.outcome.kind, result.outcome.reason) == ("refused", "corruptPad")
    assert "revs:5" in result.outcome.detail
    assert pad.head == 0
