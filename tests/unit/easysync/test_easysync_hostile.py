"""Tests that any input gives a result or an `EasysyncError`, and soon."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.shared.easysync import (
    AText,
    AttributePool,
    EasysyncError,
    apply_to_atext,
    apply_to_attribs,
    apply_to_text,
    attribs_of,
    check_rep,
    compose,
    follow,
    is_identity,
    iter_ops,
    make_splice,
    move_ops_to_new_pool,
    new_len,
    old_len,
    pack,
    prepare_for_wire,
    to_units,
    unpack,
)
from padfleet.shared.easysync.reference import (
    correct_line_markers,
    inverse,
    mutate_attribution_lines,
    mutate_text_lines,
    split_attribution_lines,
)
from tests.unit.easysync.strategies import PROPERTY, Pad, pads_with_edit

TEXT = "ab\ncd\n"
ATTRIBS = "*0+1|1+2*1|1+3"
HUGE = "z" * 100_000


def a_pool() -> AttributePool:
    pool = AttributePool()
    pool.put("author", "a.1")
    pool.put("list", "bullet1")
    pool.put("insertorder", "first")
    return pool


EVERYTHING: dict[str, Callable[[Any], object]] = {
    "check_rep": check_rep,
    "unpack": unpack,
    "old_len": old_len,
    "new_len": new_len,
    "is_identity": is_identity,
    "iter_ops": iter_ops,
    "attribs_of": lambda cs: attribs_of(cs, a_pool()),
    "apply_to_text": lambda cs: apply_to_text(cs, TEXT),
    "apply_to_attribs": lambda cs: apply_to_attribs(cs, ATTRIBS, a_pool()),
    "apply_to_atext": lambda cs: apply_to_atext(cs, AText(TEXT, ATTRIBS), a_pool()),
    "on these attribs": lambda cs: apply_to_attribs("Z:6>1=1*0+1$x", cs, a_pool()),
    "compose before": lambda cs: compose(cs, "Z:6>1*0=1|1=2*0+1$x", a_pool()),
    "compose after": lambda cs: compose("Z:6>0*0=1|1-2*0|1+2$x\n", cs, a_pool()),
    "follow before": lambda cs: follow(cs, "Z:6>1*0=1|1=2*0+1$x", a_pool()),
    "follow after": lambda cs: follow("Z:6>0*0=1|1-2*0|1+2$x\n", cs, a_pool()),
    "inverse": lambda cs: inverse(cs, TEXT, ATTRIBS, a_pool()),
    "inverse on": lambda cs: inverse("Z:6>0*0|2=6$", TEXT, cs, a_pool()),
    "split": lambda cs: split_attribution_lines(cs, TEXT),
    "mutate text": lambda cs: mutate_text_lines(cs, ["ab\n", "cd\n"]),
    "mutate attribs": lambda cs: mutate_attribution_lines(cs, ["*0+1|1+2", "*1|1+3"], a_pool()),
    "move": lambda cs: move_ops_to_new_pool(cs, a_pool(), AttributePool()),
    "wire": lambda cs: prepare_for_wire(cs, a_pool()),
    "markers": lambda cs: correct_line_markers(AText(TEXT, cs), a_pool()),
}


def no_other_error_anywhere(argument: object) -> None:
    """Each name is no case of its own: a thousand cases take longer to report than to try."""
    for run in EVERYTHING.values():
        no_other_error(run, argument)


def no_other_error(run: Callable[[Any], object], argument: object) -> None:
    message = "none"
    try:
        run(argument)
    except EasysyncError as error:
        message = str(error)
    assert 0 < len(message) < 1000
    assert message.isprintable()


numbers = st.sampled_from(["0", "1", "2", "3", "6", "7", "a", "01", "zz", "zzzzzzzzzzz", "z" * 50])
ops = st.builds(
    lambda attribs, lines, opcode, chars: attribs + lines + opcode + chars,
    st.sampled_from(["", "*0", "*0*1", "*1*0", "*2", "*9", "*zzzzzzzzzzzz", "*"]),
    st.one_of(st.just(""), numbers.map(lambda lines: f"|{lines}")),
    st.sampled_from("+-="),
    numbers,
)
likely = st.builds(
    lambda change, ops, bank: f"Z:6{change}{''.join(ops)}${bank}",
    st.sampled_from([">0", ">1", "<1", ">3", "<6", "<7", ">zzzzzzzzzz"]),
    st.lists(ops, max_size=5),
    st.sampled_from(["", "x", "x\n", "\nx", "abc\n\n", "$"]),
)
garbage = st.text("Z:<>+-=|*$0129az\n\ud83dé", max_size=30)
hostile = st.one_of(likely, garbage, garbage.map("Z:6>1".__add__), st.lists(ops).map("".join))


@pytest.mark.parametrize("name", EVERYTHING)
@PROPERTY
@given(cs=hostile)
def test_malformed_changesets_and_attributes(name: str, cs: str) -> None:
    no_other_error(EVERYTHING[name], cs)


@pytest.mark.parametrize("value", [None, 5, b"Z:6>0$", ["Z:6>0$"], {"Z": 6}], ids=repr)
def test_an_argument_of_another_type(value: object) -> None:
    no_other_error_anywhere(value)


@pytest.mark.parametrize(
    "cs",
    [
        "Z:zzzzzzzzzz>1+1$x",
        "Z:zzzzzzzzzz>zzzzzzzzz+zzzzzzzzz$x",
        "Z:6>0*0=zzzzzzzzzz$",
        "Z:6>0*0|zzzzzzz=zzzzzzzzzz$",
        "Z:6>0|zzzzzzz=zzzzzzzzzz*0=1$",
        "Z:6<zzzzz-zzzzz$",
        f"Z:6>1+{HUGE}$x",
        f"Z:{HUGE}>1+1$x",
        f"Z:6>1*{HUGE}+1$x",
        f"Z:6>1{'*0' * 100_000}$x",
        f"Z:6>1{'*0' * 100_000}+1$x",
        f"Z:6>1{'|1' * 100_000}+1$x",
        "Z:6>1+1" + "\n" * 100_000 + "$x",
        "Z:6>1" + "+1\n" * 100_000 + "$x",
        f"Z:6>1{'+' * 100_000}1$x",
        f"Z:6>1{'*0=1*1=1' * 5_000}$x",
        f"Z:6>1{'*0+1*1-1=1' * 5_000}$x",
        f"{'*0+1*1|1+1' * 5_000}",
        f"|{'z' * 9}+{'z' * 10}",
    ],
    ids=lambda cs: cs[:30],
)
def test_sizes_that_are_out_of_all_proportion(cs: str) -> None:
    for name, run in EVERYTHING.items():
        start = time.process_time()
        no_other_error(run, cs)
        assert time.process_time() - start < 2, name


@PROPERTY
@given(pads_with_edit(), likely)
def test_a_hostile_changeset_that_passes_the_check(case: tuple[Pad, str], cs: str) -> None:
    """The changeset is checked, rebased over an honest one, and applied, as on a server."""
    (atext, pool), honest = case

    def submit(cs: str) -> None:
        rebased = follow(honest, check_rep(cs), pool)
        result = apply_to_atext(rebased, apply_to_atext(honest, atext, pool), pool)
        assert len(result.text) == new_len(rebased)

    header = make_splice(atext.text, 0, 0, "").partition(">")[0]
    no_other_error(submit, cs.replace("Z:6", header, 1))


@pytest.mark.parametrize(
    ("cs", "reason"),
    [
        ("", "not a changeset"),
        ("z:1>0$", "not a changeset"),
        (" Z:1>0$", "not a changeset"),
        ("Z:-1>0$", "not a changeset"),
        ("Z:1>0", "not in canonical form"),
        ("Z:01>0$", "not in canonical form"),
        ("Z:1<0$", "not in canonical form"),
        ("Z:1>0=1$", "not in canonical form"),
        ("Z:2>0+1-1$x", "not in canonical form"),
        ("Z:2>2+1+1$xy", "not in canonical form"),
        ("Z:2>0+0$", "not in canonical form"),
        ("Z:1>1+1$", "more characters than it holds"),
        ("Z:1>1+1$xy", "holds more characters"),
        ("Z:1>1+1$\n", "another number of newlines"),
        ("Z:1>2|1+2$\nx", "ends within a line"),
        ("Z:1<2-3$", "beyond the end"),
        ("Z:1>2+1$x", "leads to length 2, not 3"),
        ("Z:0>0+1$x", "more than length 0"),
        ("Z:1>1*+1$x", "not an op"),
        ("Z:1>1=1 +1$x", "not an op: ' +1'"),
        ("Z:1>1=1\n+1$x", "not in canonical form"),
        ("Z:1>1=1+1\n$x", "not in canonical form"),
        ("Z:1>1=1\n1+1$x", "not an op"),
        ("Z:1>1=1+1\n*$x", "not an op"),
        ("Z:1>1?1$x", "not an op"),
        ("Z:1>1+A$x", "not an op"),
        ("Z:1>1*A+1$x", "not an op"),
        ("Z:1>1+" + HUGE + "$x", "not a base-36 number"),
    ],
    ids=lambda value: value[:20],
)
def test_the_check_says_what_is_wrong(cs: str, reason: str) -> None:
    with pytest.raises(EasysyncError, match=reason.replace("+", r"\+")):
        check_rep(cs)


def test_a_keep_beyond_the_end_passes_the_check_as_in_etherpad_and_is_found_later() -> None:
    beyond = check_rep("Z:6>0*0=7$")
    with pytest.raises(EasysyncError, match="beyond the end"):
        apply_to_text(beyond, TEXT)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: apply_to_text("Z:5>0$", TEXT), "for length 5, the text has 6"),
        (lambda: apply_to_text("Z:6<3-3$", TEXT), "1 newlines"),
        (lambda: apply_to_text("Z:6>0|1=1$", TEXT), "0 newlines"),
        (lambda: compose("Z:6>0$", "Z:7>0$", a_pool()), "length 6, the second starts from 7"),
        (lambda: follow("Z:6>0$", "Z:7>0$", a_pool()), "length 6, the other from 7"),
        (lambda: apply_to_attribs("Z:6>0*9=1$", ATTRIBS, a_pool()), "9 is not in the pool"),
        (lambda: apply_to_attribs("Z:6<3=3-3$", "+6", AttributePool()), None),
        (lambda: apply_to_attribs("Z:6>0=3*0=1$", "|1+3+3", a_pool()), "line counts do not fit"),
        (lambda: apply_to_attribs("Z:6<1=5-1$", "|1+1*0+2*1+2*0+1", a_pool()), "fewer newlines"),
        (lambda: inverse("Z:6>0*0|2=6$", TEXT, "+3", a_pool()), "fewer attributes"),
        (lambda: inverse("Z:6<3-3$", TEXT, ATTRIBS, a_pool()), "number of newlines"),
        (lambda: split_attribution_lines("|4+6", TEXT), "fewer newlines"),
        (lambda: split_attribution_lines("|3+6", TEXT), "fewer newlines"),
        (lambda: mutate_text_lines("Z:6>0|3=6$", ["ab\n"]), "more lines than there are"),
        (lambda: mutate_attribution_lines("Z:6<1|2=5|1-1$", ["|1+6"], a_pool()), "more lines"),
        (lambda: mutate_attribution_lines("Z:6<6|1-6$", ["|1+6"], a_pool()), None),
        (lambda: mutate_attribution_lines("Z:6>1|1=6+1$x", ["|1+6"], a_pool()), "last line"),
        (lambda: make_splice(TEXT, -1, 0, "x"), "cannot remove"),
        (lambda: make_splice(TEXT, 0, 0, "x", [("bold", "true")]), "need a pool"),
        (lambda: a_pool().get(9), "attribute 9"),
        (lambda: a_pool().get(10**5000), "huge"),
        (lambda: pack(-1, 0, "", ""), "do not fit together"),
    ],
)
def test_what_does_not_fit_is_named(call: Callable[[], object], reason: str | None) -> None:
    if reason is None:
        call()
        return
    with pytest.raises(EasysyncError, match=reason):
        call()


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)
pool_like = st.fixed_dictionaries(
    {},
    optional={
        "numToAttrib": st.one_of(
            json_values,
            st.dictionaries(
                st.sampled_from(["0", "1", "2", "00", "-1", "1.0", "²", "x", "9" * 30, "١"]),
                st.one_of(json_values, st.lists(st.text(max_size=3), min_size=2, max_size=2)),
                max_size=4,
            ),
        ),
        "nextNum": st.one_of(json_values, st.integers(-1, 4)),
        "attribToNum": json_values,
    },
)


@PROPERTY
@given(st.one_of(json_values, pool_like))
def test_malformed_pools_are_refused_or_harmless(obj: object) -> None:
    def use(obj: object) -> None:
        pool = AttributePool.from_jsonable(obj)
        json.dumps(pool.to_wire())
        number = pool.put("new", "attribute")
        assert pool.get(number) == ("new", "attribute")
        move_ops_to_new_pool("Z:1>1*0*1*2*3+1$x", pool, AttributePool())
        with pytest.raises(EasysyncError):
            pool.get(-1)

    no_other_error(use, obj)


@pytest.mark.parametrize(
    ("obj", "reason"),
    [
        (None, "must be an object"),
        ([], "must be an object"),
        ({"nextNum": 0}, "numToAttrib must be an object, not a NoneType"),
        ({"numToAttrib": [], "nextNum": 0}, "numToAttrib must be an object"),
        ({"numToAttrib": {}}, "nextNum"),
        ({"numToAttrib": {}, "nextNum": True}, "nextNum"),
        ({"numToAttrib": {}, "nextNum": 1.0}, "nextNum"),
        ({"numToAttrib": {}, "nextNum": -1}, "nextNum"),
        ({"numToAttrib": {}, "nextNum": 10**5000}, "nextNum"),
        ({"numToAttrib": {"x": ["a", "b"]}, "nextNum": 1}, "decimal digits, not 'x'"),
        ({"numToAttrib": {"01": ["a", "b"]}, "nextNum": 1}, "decimal digits"),
        ({"numToAttrib": {"0": ["a"]}, "nextNum": 1}, "pair of strings"),
        ({"numToAttrib": {"0": "ab"}, "nextNum": 1}, "pair of strings"),
        ({"numToAttrib": {"0": ["a", True]}, "nextNum": 1}, "pair of strings"),
    ],
)
def test_what_is_wrong_with_a_pool_is_named(obj: object, reason: str) -> None:
    with pytest.raises(EasysyncError, match=reason):
        AttributePool.from_jsonable(obj)


def test_I9_messages_about_halves_of_characters_can_be_printed() -> None:
    with pytest.raises(EasysyncError) as caught:
        check_rep(to_units("😀")[:1])
    assert str(caught.value).isprintable()
