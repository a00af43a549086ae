"""Documents that are edited in place: as if each edit made a new one."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.shared.easysync import (
    AText,
    AttributePool,
    EasysyncError,
    apply_to_atext,
    make_atext,
    make_splice,
    unpack,
)
from padfleet.shared.easysync import body as body_module
from padfleet.shared.easysync.base36 import numeral
from padfleet.shared.easysync.body import Body
from padfleet.shared.easysync.edit_script import patches_of
from padfleet.shared.easysync.fenwick import FenwickTree
from padfleet.shared.easysync.markers import LINE_ATTRIBUTES, misplaced_markers, removal_of
from padfleet.shared.easysync.reference import correct_line_markers
from tests.unit.easysync.strategies import PROPERTY, Pad, pads, pads_with_history
from tests.unit.easysync.wild import some_changeset, spoilt


@pytest.fixture(params=[(1024, 32), (8, 32), (1024, 2), (3, 1)], ids=str)
def _blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks so small that every edit goes over several."""
    units, spans = request.param
    monkeypatch.setattr(body_module, "BLOCK_UNITS", units)
    monkeypatch.setattr(body_module, "BLOCK_SPANS", spans)


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 3)), min_size=1, max_size=40), st.data()
)
def test_a_tally_finds_blocks(sizes: list[tuple[int, int]], data: st.DataObject) -> None:
    tally = FenwickTree([units for units, _ in sizes], [newlines for _, newlines in sizes])
    index = data.draw(st.integers(0, len(sizes) - 1))
    tally.add(index, 2, 1)
    sizes[index] = (sizes[index][0] + 2, sizes[index][1] + 1)
    total = sum(units for units, _ in sizes)
    for position in range(total + 1):
        found = tally.find(position)
        assert found.units == sum(units for units, _ in sizes[: found.block])
        assert found.newlines == sum(newlines for _, newlines in sizes[: found.block])
        offset = position - found.units
        assert 0 <= offset < sizes[found.block][0] or position == total


@pytest.mark.usefixtures("_blocks")
@pytest.mark.parametrize("seed", range(4))
def test_a_body_stays_equal_to_its_atext_through_many_changes(seed: int) -> None:
    source = Random(seed)
    pool = AttributePool()
    atext = make_atext("\n")
    body = Body(atext)
    for _ in range(150):
        changeset = some_changeset(source, atext.text, pool)
        if source.random() < 0.1:
            changeset = spoilt(source, changeset)
        if len(atext.text) > 200:
            changeset = make_splice(atext.text, 20, 150, "")
        try:
            after = apply_to_atext(changeset, atext, pool)
        except EasysyncError:
            with pytest.raises(EasysyncError):
                patches_of(unpack(changeset), body, pool)
            assert body.to_atext() == atext
            continue
        patches = patches_of(unpack(changeset), body, pool)
        if not patches.even:
            continue
        assert patches.change_nothing() == (after == atext)
        assert patches.keep_final_newline() == after.text.endswith("\n")
        assert body.to_atext() == atext  # nothing has been done yet
        patches.apply()
        atext = after
        assert body.to_atext() == atext
        check_positions(body, atext.text, source)


def check_positions(body: Body, text: str, source: Random) -> None:
    assert body.units == len(text)
    end = source.randint(0, len(text))
    start = source.randint(0, end)
    assert body.newlines_before(end) == text.count("\n", 0, end)
    assert body.line_start(end) == text.rfind("\n", 0, end) + 1
    assert body.text_between(start, end) == text[start:end]
    assert sum(chars for _, chars in body.spans_between(start, end)) == end - start


@PROPERTY
@given(pads_with_history())
def test_edits_one_after_the_other(case: tuple[Pad, list[str]]) -> None:
    (atext, pool), history = case
    body = Body(atext)
    for changeset in history:
        patches_of(unpack(changeset), body, pool).apply()
        atext = apply_to_atext(changeset, atext, pool)
        assert body.to_atext() == atext


def test_text_that_moves_among_its_like_is_no_change() -> None:
    pool = AttributePool()
    body = Body(make_atext("aaab\n"))
    assert patches_of(unpack("Z:5>0-1=2+1$a"), body, pool).change_nothing()
    assert not patches_of(unpack("Z:5>0-1=3+1$a"), body, pool).change_nothing()
    assert not patches_of(unpack("Z:5>0-1=2*0+1$a"), body, pool).change_nothing()


@pytest.mark.parametrize(
    ("changeset", "keeps"),
    [
        ("Z:3>0$", True),
        ("Z:3<1|1-1$", True),
        ("Z:3<1|1=1=1|1-1$", False),
        ("Z:3<2|1=1-1|1-1$", True),
        ("Z:3<3|1-1-1|1-1$", False),
        ("Z:3>1|2=3+1$x", False),
        ("Z:3>1|2=3|1+1$\n", True),
        ("Z:3>0|1=1=1|1-1|1+1$\n", True),
    ],
)
def test_an_edit_is_seen_to_keep_the_final_newline_or_not(changeset: str, keeps: bool) -> None:
    patches = patches_of(unpack(changeset), Body(make_atext("\na\n")), AttributePool())
    assert patches.keep_final_newline() is keeps


@pytest.mark.parametrize(
    ("text", "attribs"),
    [("ab\n", "|1+2"), ("ab\n", "|1+4"), ("ab\n", "=1|1+2"), ("ab\n", "nonsense")],
)
def test_attributes_of_another_text_are_refused(text: str, attribs: str) -> None:
    with pytest.raises(EasysyncError):
        Body(AText(text, attribs))


@PROPERTY
@given(pads())
def test_markers_are_found_as_in_the_whole_document(pad: Pad) -> None:
    atext, pool = pad
    body = Body(atext)
    markers = {numeral(number) for number in pool.numbers_of_keys(LINE_ATTRIBUTES)}
    found = misplaced_markers(body, 0, body.units, markers)
    middle = body.units // 2
    front = misplaced_markers(body, 0, middle, markers)
    assert front + misplaced_markers(body, middle, body.units, markers) == found
    correction = correct_line_markers(atext, pool)
    assert (removal_of(found, body) if found else None) == correction


def test_it_does_not_remember_every_position_it_was_asked_for() -> None:
    body = Body(make_atext("x" * 10_000 + "\n"))
    for position in range(10_000):
        assert body.newlines_before(position) == 0
    assert len(body._found) <= body_module.REMEMBERED
