"""Edits that take long: what makes one heavy, what is done of it, and what may go on meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from padfleet.services.writer.pads import pad as pad_module
from padfleet.services.writer.pads import rebase_changes
from padfleet.services.writer.pads.pad import WriterPad
from padfleet.services.writer.settling.heavy import Rest, ToStop
from padfleet.shared.easysync import AttributePool, follow, make_atext, unpack
from padfleet.shared.easysync.base36 import numeral
from padfleet.shared.easysync.body import Body
from padfleet.shared.easysync.edit_script import Splice, patches_of
from padfleet.shared.easysync.effort import Effort, TooMuchWork, count_ops
from padfleet.shared.easysync.fast_rebase import rebase_over
from padfleet.shared.easysync.steps import step_of
from padfleet.shared.log.entries import Creation, Deletion, Entry, Fence, Submission
from padfleet.shared.log.inboxes.heaviness import LIGHT_WORK, is_heavy, own_work
from padfleet.shared.log.inboxes.limits import MOST_OPERATIONS, UNLIMITED, EditTooLarge, check
from padfleet.shared.log.inboxes.received import Received, Staged
from padfleet.shared.log.records import Origin

ME = "a.me"
TEXT = "some line of text\n" * 2000


def a_pad() -> WriterPad:
    pad = WriterPad()
    pad.create(TEXT, "a.creator", 1)
    return pad


def scattered(units: int, count: int, author: str = ME, seq: int = 1, base: int = 0) -> Submission:
    """Inserts a letter at `count` places within one line each, so that claims and edits abound."""
    ops = "*0+1=1" * count
    changeset = f"Z:{numeral(units)}>{numeral(count)}{ops.removesuffix('=1')}${'x' * count}"
    pool = {"numToAttrib": {"0": ["author", author]}, "nextNum": 1}
    return Submission("pad", Origin(author, seq), 0, 0, author, base, changeset, pool)


def in_one_line() -> WriterPad:
    pad = WriterPad()
    pad.create("x" * 30_000, "a.creator", 1)
    return pad


def test_what_people_type_is_never_heavy_and_needs_no_count() -> None:
    assert own_work(scattered(100, 50)) == 0
    assert not is_heavy(Fence("pad", Origin("s", 1), 1, ME))


@pytest.mark.parametrize(
    "entry",
    [
        scattered(30_000, 400),
        Submission("pad", Origin("s", 1), 0, 0, ME, 0, "Z:1>0$" + "x" * 600_000, {}),
        Submission(
            "pad",
            Origin("s", 1),
            0,
            0,
            ME,
            0,
            "Z:1>0$",
            {"numToAttrib": {str(n): ["k", str(n)] for n in range(1600)}, "nextNum": 1600},
        ),
        Creation("pad", Origin("s", 1), ME, "x" * 600_000),
    ],
    ids=["operations", "text", "attributes", "creation"],
)
def test_heavy_is_what_has_many_operations_attributes_or_much_text(entry: Entry) -> None:
    assert is_heavy(entry)


def state_of(pad: WriterPad) -> tuple[Any, ...]:
    return pad.head, pad.chain, pad.atext, len(pad.pool), dict(pad.sessions)


def test_what_is_too_much_leaves_the_pad_as_it_was_and_can_be_done_elsewhere() -> None:
    pad = in_one_line()
    before = state_of(pad)
    heavy = scattered(30_001, 1000)
    with pytest.raises(TooMuchWork):
        pad.submit(heavy, 2, work=LIGHT_WORK)
    assert state_of(pad) == before
    result = pad.submit(heavy, 2)
    assert result.outcome is None
    assert len(result.revisions) == 1


def test_a_small_edit_that_meets_a_heavy_one_is_no_light_work() -> None:
    pad = in_one_line()
    pad.submit(scattered(30_001, 2000, "a.other"), 2)
    small = scattered(30_001, 20)
    with pytest.raises(TooMuchWork):
        pad.submit(small, 3, work=LIGHT_WORK)
    assert pad.submit(small, 3).revisions


def test_a_small_edit_elsewhere_is_light_however_much_others_do() -> None:
    pad = in_one_line()
    for number in range(4):
        pad.submit(scattered(30_001, 2000, f"a.{number}"), 2)
    at_the_end = f"Z:{numeral(30_001)}>1={numeral(29_999)}*0+1$x"
    pool = {"numToAttrib": {"0": ["author", ME]}, "nextNum": 1}
    one = Submission("pad", Origin("s", 1), 0, 0, ME, 0, at_the_end, pool)
    assert pad.submit(one, 3, work=LIGHT_WORK).revisions


@pytest.mark.parametrize("op", ["*0=", "-"], ids=["marks", "removes"])
def test_to_mark_or_remove_much_text_is_no_light_work(op: str) -> None:
    pad = in_one_line()
    removed = 29_000 if op == "-" else 0
    changeset = (
        f"Z:{numeral(30_001)}{'<' if removed else '>'}{numeral(removed)}{op}{numeral(29_000)}$"
    )
    pool = {"numToAttrib": {"0": ["bold", "true"]}, "nextNum": 1}
    entry = Submission("pad", Origin("s", 1), 0, 0, ME, 0, changeset, pool)
    before = state_of(pad)
    with pytest.raises(TooMuchWork):
        pad.submit(entry, 3, work=LIGHT_WORK)
    assert state_of(pad) == before
    assert pad.submit(entry, 3).revisions


def test_what_nobody_wants_any_more_comes_to_its_end_where_it_looks_next() -> None:
    pad = in_one_line()
    pad.submit(scattered(30_001, 2000, "a.other"), 2)
    head = pad.head
    pad.give_up()
    with pytest.raises(TooMuchWork):
        pad.submit(scattered(30_001, 20), 3)
    assert pad.head == head


def test_what_would_take_for_ever_is_refused_with_a_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pad_module, "MOST_WORK", 20_000)
    pad = in_one_line()
    before = 0
    for number in range(10):
        entry = scattered(30_001, 1000, f"a.{number}")
        result = pad.submit(entry, 2, work=20_000)
        if result.outcome is not None:
            break
        before = pad.head
    assert result.outcome is not None
    assert before >= 1
    assert (result.outcome.kind, result.outcome.reason) == ("refused", "badChangeset")
    assert "on a newer revision, or fewer at once" in result.outcome.detail
    assert pad.head == before
    # Who sends it again has been answered; on the head, it is taken.
    assert pad.submit(entry, 2, work=20_000).outcome is None
    newest = scattered(pad.body.units, 1000, entry.author, seq=2, base=pad.head)
    assert pad.submit(newest, 2, work=20_000).revisions


def test_heavy_revisions_are_not_kept_in_memory_by_the_thousand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rebase_changes, "MOST_RECENT_BYTES", 3_000_000)
    pad = in_one_line()
    for number in range(20):
        units = pad.body.units
        assert pad.submit(scattered(units, 2000, seq=number + 1, base=pad.head), 2).revisions
    assert pad.oldest_recent > pad.head - 10
    recent = pad._recent
    assert recent._size == sum(recent._sizes) <= 3_000_000
    assert len(recent._sizes) == len(recent) == len(recent._times) == len(recent._authors)
    assert pad.oldest_needed(0) == 1


class Counted(tuple[Splice, ...]):
    """Counts how often it is looked into."""

    looks = 0

    def __getitem__(self, index: Any) -> Any:
        type(self).looks += 1
        return super().__getitem__(index)

    def __iter__(self) -> Iterator[Splice]:
        type(self).looks += len(self)
        return super().__iter__()


def test_many_edits_over_many_splices_are_no_product_of_both() -> None:
    count = 1000
    body, pool = Body(make_atext("x" * 3000 + "\n")), AttributePool()
    pool.put("author", "a.other")
    other = scattered(3001, count).changeset
    patches = patches_of(unpack(other), body, pool)
    step = step_of(other, patches)
    assert step.splices is not None
    assert len(step.splices) == count
    patches.apply()
    step = step._replace(splices=Counted(step.splices))
    Counted.looks = 0
    mine = scattered(3001, count).changeset
    rebased = rebase_over(mine, [step], body, pool, Effort(100_000))
    assert rebased == follow(other, mine, pool)
    assert 0 < Counted.looks < 10 * count


def test_where_a_line_starts_is_found_in_any_block() -> None:
    random = Random(1)
    text = "".join(random.choices(["x" * 900, "\n", "ab\n", "y" * 5000], k=300)) + "\n"
    body = Body(make_atext(text))
    for position in random.sample(range(len(text) + 1), 500):
        assert body.line_start(position) == text.rfind("\n", 0, position) + 1


def test_no_door_takes_an_edit_of_more_operations_than_there_may_be() -> None:
    most = scattered(10**6, MOST_OPERATIONS // 2)
    assert count_ops(most.changeset) == MOST_OPERATIONS - 1
    check(most, len(most.changeset), UNLIMITED)
    more = scattered(10**6, MOST_OPERATIONS // 2 + 2)
    with pytest.raises(EditTooLarge, match="make several of it"):
        check(more, len(more.changeset), UNLIMITED)


# --- What goes on meanwhile ----------------------------------------------------------------------


def entries(*what: Entry | Staged | None) -> list[Received]:
    return [Received(f"{number}-0", entry) for number, entry in enumerate(what, 1)]


def small(pad: str) -> Submission:
    return Submission(pad, Origin("s", 1), 0, 0, ME, 0, "Z:1>0$", {"numToAttrib": {}})


def ids(received: list[Received]) -> list[str]:
    return [one.id for one in received]


def test_others_may_go_ahead_and_a_pad_keeps_its_order() -> None:
    heavy = Submission("c", Origin("h", 1), 0, 0, ME, 0, scattered(9000, 2000).changeset, {})
    rest = Rest(
        "busy",
        entries(small("busy"), small("a"), heavy, small("b"), small("c"), small("a"), None),
        "7-0",
    )
    assert ids(rest.next()) == ["2-0", "4-0", "6-0"]
    rest.settled(["2-0", "4-0", "6-0"])
    assert ids(rest.left) == ["1-0", "3-0", "5-0", "7-0"]
    assert rest.next() == []


def test_what_comes_behind_a_deletion_of_its_pad_waits_for_it() -> None:
    deletion = Deletion("a", Origin("d", 1), ME, True)
    rest = Rest("busy", entries(deletion, small("a"), small("b")), "3-0")
    assert ids(rest.next()) == ["3-0"]


def test_what_turns_out_to_be_too_much_waits_and_so_does_what_follows_of_its_pad() -> None:
    rest = Rest("busy", entries(small("a"), small("a"), small("b")), "3-0")
    first, second, third = rest.next()
    rest.wait(first)
    assert rest.has_to_wait(second)
    assert not rest.has_to_wait(third)
    rest.settled([third.id])
    assert ids(rest.left) == ["1-0", "2-0"]


async def test_it_reads_on_behind_what_it_has_and_stops_when_told_to() -> None:
    asked: list[str | None] = []
    found = [entries(small("a")), None]

    async def more(behind: str | None) -> list[Received] | None:
        asked.append(behind)
        answer = found.pop(0)
        if answer is None:
            done.set()
        return answer

    done = asyncio.Event()
    work = asyncio.create_task(done.wait())
    rest = Rest("busy", [], "0-5")
    assert not await rest.is_over(work, more)
    assert ids(rest.next()) == ["1-0"]
    with pytest.raises(ToStop):
        await rest.is_over(work, more)
    assert asked == ["0-5", "1-0"]
