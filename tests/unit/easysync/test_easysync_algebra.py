"""Tests the laws of the algebra over generated documents and changesets."""

from __future__ import annotations

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.shared.easysync import (
    AText,
    AttributePool,
    apply_to_atext,
    apply_to_attribs,
    apply_to_text,
    attribs_of,
    check_rep,
    compose,
    follow,
    identity,
    is_identity,
    iter_ops,
    make_atext,
    make_splice,
    move_ops_to_new_pool,
    new_len,
    old_len,
    pack,
    prepare_for_wire,
    to_units,
    unpack,
)
from padfleet.shared.easysync.assembler import Assembler
from padfleet.shared.easysync.ops import side_by_side
from padfleet.shared.easysync.overlay import overlay
from padfleet.shared.easysync.reference import (
    correct_line_markers,
    inverse,
    mutate_attribution_lines,
    mutate_text_lines,
    rebase,
    split_attribution_lines,
    split_text_lines,
)
from padfleet.shared.easysync.runs import IndexedAttribs, with_index
from tests.unit.easysync.strategies import (
    PROPERTY,
    Pad,
    changesets,
    pads,
    pads_with_edit,
    pads_with_history,
    pads_with_two_edits,
    some_attributes,
    texts,
)


def covered(atext: AText) -> bool:
    """Returns whether the attributes are those of a document: canonical, and exactly as long as the
    text."""
    ops = iter_ops(atext.attribs)
    return (
        {op.opcode for op in ops} <= {"+"}
        and sum(op.chars for op in ops) == len(atext.text)
        and sum(op.lines for op in ops) == atext.text.count("\n")
        and with_index(str(atext.attribs)) is not None
    )


@PROPERTY
@given(pads_with_edit())
def test_I9_applying_gives_the_announced_length_in_code_units(case: tuple[Pad, str]) -> None:
    (atext, pool), cs = case
    assert old_len(cs) == len(atext.text)
    result = apply_to_atext(cs, atext, pool)
    assert new_len(cs) == len(result.text)
    assert covered(result)


@PROPERTY
@given(pads_with_history(most=2))
def test_composing_is_applying_in_a_row(case: tuple[Pad, list[str]]) -> None:
    (atext, pool), history = case
    one_by_one = reduce(lambda now, cs: apply_to_atext(cs, now, pool), history, atext)
    at_once = reduce(lambda a, b: compose(a, b, pool), history)
    assert check_rep(at_once) == at_once
    assert apply_to_atext(at_once, atext, pool) == one_by_one


@PROPERTY
@given(pads_with_history(most=3))
def test_composing_does_not_depend_on_the_grouping(case: tuple[Pad, list[str]]) -> None:
    (atext, pool), history = case
    from_left = reduce(lambda a, b: compose(a, b, pool), history)
    from_right = reduce(lambda b, a: compose(a, b, pool), reversed(history))
    assert apply_to_atext(from_left, atext, pool) == apply_to_atext(from_right, atext, pool)


@PROPERTY
@given(pads_with_two_edits())
def test_two_edits_lead_to_one_document_in_either_order(case: tuple[Pad, str, str]) -> None:
    (atext, pool), a, b = case
    b_after_a = follow(a, b, pool)
    a_after_b = follow(b, a, pool, reverse_insert_order=True)
    assert check_rep(b_after_a) == b_after_a
    assert check_rep(a_after_b) == a_after_b
    one = apply_to_atext(b_after_a, apply_to_atext(a, atext, pool), pool)
    other = apply_to_atext(a_after_b, apply_to_atext(b, atext, pool), pool)
    assert one == other


@PROPERTY
@given(pads_with_two_edits())
def test_following_the_identity_changes_nothing(case: tuple[Pad, str, str]) -> None:
    (atext, pool), a, _ = case
    nothing = identity(len(atext.text))
    assert follow(nothing, a, pool) == a
    assert is_identity(follow(a, nothing, pool))
    assert compose(nothing, a, pool) == compose(a, identity(new_len(a)), pool) == a


@PROPERTY
@given(pads_with_history(), st.data())
def test_rebasing_is_following_each_in_turn(
    case: tuple[Pad, list[str]], data: st.DataObject
) -> None:
    (atext, pool), history = case
    mine = data.draw(changesets(Pad(atext, pool)))
    rebased = rebase(mine, history, pool)
    assert rebased == reduce(lambda cs, later: follow(later, cs, pool), history, mine)
    now = reduce(lambda now, cs: apply_to_atext(cs, now, pool), history, atext)
    assert covered(apply_to_atext(check_rep(rebased), now, pool))


@PROPERTY
@given(pads_with_edit())
def test_the_inverse_undoes(case: tuple[Pad, str]) -> None:
    (atext, pool), cs = case
    back = inverse(cs, atext.text, atext.attribs, pool)
    assert check_rep(back) == back
    assert apply_to_atext(back, apply_to_atext(cs, atext, pool), pool) == atext


@PROPERTY
@given(pads_with_edit())
def test_what_is_sent_arrives(case: tuple[Pad, str]) -> None:
    (atext, pool), cs = case
    for original in (cs, atext.attribs):
        sent, small = prepare_for_wire(original, pool)
        read = AttributePool.from_jsonable(small.to_wire())
        assert move_ops_to_new_pool(sent, read, pool.clone()) == original
        assert len(small) == len(
            {num for op in attribute_strings(sent) for num in op.split("*")[1:]}
        )


def attribute_strings(cs_or_attribs: str) -> list[str]:
    ops = unpack(cs_or_attribs).ops if cs_or_attribs.startswith("Z") else cs_or_attribs
    return [op.attribs for op in iter_ops(ops)]


@PROPERTY
@given(pads_with_edit())
def test_packing_undoes_unpacking(case: tuple[Pad, str]) -> None:
    cs = case[1]
    assert pack(*unpack(cs)) == cs
    assert "".join(map(str, iter_ops(unpack(cs).ops))) == unpack(cs).ops


@PROPERTY
@given(pads_with_history())
def test_applying_with_an_index_gives_what_reading_everything_gives(
    case: tuple[Pad, list[str]],
) -> None:
    (atext, pool), history = case
    attribs = atext.attribs
    for cs in history:
        out = Assembler()
        for run, op in side_by_side(iter_ops(attribs), iter_ops(unpack(cs).ops)):
            if piece := overlay(run, op, pool):
                out.add(*piece)
        applied = apply_to_attribs(cs, attribs, pool)
        assert applied == out.finish()
        assert applied == apply_to_attribs(cs, str(attribs), pool)
        attribs = applied
        if isinstance(attribs, IndexedAttribs):
            fresh = with_index(str(attribs))
            assert fresh is not None
            assert (attribs.chars, attribs.lines) == (fresh.chars, fresh.lines)


@pytest.mark.parametrize(
    ("attribs", "canonical"),
    [
        ("+1+1|1+1", "|1+3"),
        ("|1+1|1+1|1+1", "|3+3"),
        ("|1+1+1|1+1", "|2+3"),
        ("*0+1*0+1|1+1", "*0+2|1+1"),
        ("+02|1+1", "|1+3"),
        ("+2+0|1+1", "|1+3"),
    ],
)
def test_attributes_in_another_form_become_canonical(attribs: str, canonical: str) -> None:
    assert apply_to_attribs(identity(3), attribs, AttributePool()) == canonical


@PROPERTY
@given(pads_with_edit())
def test_lines_can_be_worked_on_alone(case: tuple[Pad, str]) -> None:
    (atext, pool), cs = case
    lines = split_text_lines(atext.text)
    attribution = split_attribution_lines(atext.attribs, atext.text)
    assert "".join(lines) == atext.text
    assert len(lines) == len(attribution) == atext.text.count("\n")
    result = apply_to_atext(cs, atext, pool)
    assert mutate_text_lines(cs, lines) == split_text_lines(result.text)
    assert mutate_attribution_lines(cs, attribution, pool) == split_attribution_lines(
        result.attribs, result.text
    )


def test_text_that_does_not_end_with_a_newline_is_a_line_too() -> None:
    assert split_text_lines("") == []
    assert split_text_lines("a\n\nb") == ["a\n", "\n", "b"]
    assert split_text_lines("a\r\u2028b\n") == ["a\r\u2028b\n"]


@PROPERTY
@given(texts, st.integers(0, 20), st.integers(0, 20), texts, some_attributes)
def test_I9_a_splice_counts_code_units(
    text: str, start: int, ndel: int, ins: str, attributes: list[tuple[str, str]]
) -> None:
    pool = AttributePool()
    cs = make_splice(text, start, ndel, ins, attributes, pool)
    result = apply_to_atext(check_rep(cs), make_atext(text), pool)
    assert result.text == text[:start] + ins + text[start + ndel :]
    assert covered(result)


def test_I9_a_character_beyond_the_basic_plane_is_two() -> None:
    text = to_units("😀\n")
    assert make_splice(text, 2, 0, to_units("👩‍💻"), "*0") == to_units("Z:3>5=2*0+5$👩‍💻")
    cut = make_splice(text, 1, 1, "x")
    assert cut == "Z:3>0=1-1+1$x"
    assert apply_to_text(cut, text) == "\ud83dx\n"


@PROPERTY
@given(pads())
def test_only_misplaced_line_markers_are_removed(pad: Pad) -> None:
    atext, pool = pad
    correction = correct_line_markers(atext, pool)
    if correction is None:
        assert misplaced_markers(atext, pool) == []
        return
    result = apply_to_atext(check_rep(correction), atext, pool)
    gone = set(misplaced_markers(atext, pool))
    kept = [char for at, char in enumerate(atext.text) if at not in gone]
    assert result.text == "".join(kept)
    assert covered(result)


def misplaced_markers(atext: AText, pool: AttributePool) -> list[int]:
    """Finds the misplaced markers the plain way, character by character."""
    found = []
    position = 0
    for op in iter_ops(atext.attribs):
        for at in range(position, position + op.chars):
            marked = not {"lmkr", "list"}.isdisjoint(attribs_of(op.attribs, pool))
            if marked and at and atext.text[at - 1] != "\n" and atext.text[at] != "\n":
                found.append(at)
        position += op.chars
    return found


def test_line_markers_at_line_starts_stay() -> None:
    pool = AttributePool()
    pool.put("list", "bullet1")
    assert correct_line_markers(AText("*a\n*b\n", "*0+1|1+2*0+1|1+2"), pool) is None
    assert correct_line_markers(AText("*a*b\n", "*0+1+1*0+1|1+2"), pool) == "Z:5<1=2-1$"
