"""This module runs test cases that were recorded from Etherpad's own engine against this one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from padfleet.shared.easysync.atext import AText, apply_to_atext, apply_to_text
from padfleet.shared.easysync.changeset import check_rep
from padfleet.shared.easysync.compose import compose
from padfleet.shared.easysync.errors import EasysyncError
from padfleet.shared.easysync.follow import follow
from padfleet.shared.easysync.pool import AttributePool
from padfleet.shared.easysync.reference import inverse, rebase, split_attribution_lines
from padfleet.shared.easysync.splice import make_splice
from padfleet.shared.easysync.transfer import move_ops_to_new_pool, prepare_for_wire
from padfleet.shared.easysync.utf16 import to_units


class _Malformed(Exception):
    """The case itself is malformed. The text says what is wrong with it."""


class _Case:
    """A case, or an object in it, with its texts as code-unit strings."""

    def __init__(self, fields: object, what: str = "the case") -> None:
        if not isinstance(fields, Mapping):
            raise _Malformed(f"{what} is not an object")
        self._fields = fields
        self._what = what

    def has(self, key: str) -> bool:
        return key in self._fields

    def text(self, key: str) -> str:
        value = self._get(key, str, "string")
        return to_units(value)

    def number(self, key: str) -> int:
        value: int = self._get(key, int, "number")
        return value

    def flag(self, key: str) -> bool:
        value: bool = self._get(key, bool, "true or false")
        return value

    def texts(self, key: str) -> list[str]:
        values = self._get(key, list, "list")
        if not all(isinstance(value, str) for value in values):
            raise _Malformed(f"{key!r} of {self._what} is not a list of strings")
        return [to_units(value) for value in values]

    def cases(self, key: str) -> list[_Case]:
        return [_Case(value, f"an entry of {key!r}") for value in self._get(key, list, "list")]

    def case(self, key: str) -> _Case:
        return _Case(self._get(key, dict, "object"), f"{key!r}")

    def atext(self, key: str) -> AText:
        return self.case(key)._as_atext()

    def pool(self, key: str) -> AttributePool:
        try:
            pool = AttributePool.from_jsonable(self._get(key, dict, "object")).to_jsonable()
            entries = pool["numToAttrib"].items()
            pool["numToAttrib"] = {num: [to_units(k), to_units(v)] for num, (k, v) in entries}
            return AttributePool.from_jsonable(pool)
        except EasysyncError as error:
            raise _Malformed(f"{key!r} of {self._what}: {error}") from error

    def _as_atext(self) -> AText:
        return AText(self.text("text"), self.text("attribs"))

    def _get(self, key: str, kind: type, name: str) -> Any:
        if key not in self._fields:
            raise _Malformed(f"{self._what} has no {key!r}")
        value = self._fields[key]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise _Malformed(f"{key!r} of {self._what} is not a {name}")
        return value


def run_vector(case: object) -> str | None:
    """Runs a case, as read from JSON. Returns None if the result is the recorded one, else a
    reason.

    A case says what to do as `op`, has the operands, and has the outcome as `result`, `valid` or
    `"error": true`. A case that is unknown or incomplete is a failure.
    """
    try:
        fields = _Case(case)
        op = fields.text("op")
        run = _RUNNERS.get(op)
        if run is None:
            return f"unknown op {op!r}"
        try:
            return run(fields)
        except EasysyncError as error:
            return f"refused: {error}"
    except _Malformed as error:
        return str(error)


def _difference(what: str, got: object, want: object) -> str | None:
    return None if got == want else f"{what} is {got!r}, not {want!r}"


def _first(*differences: str | None) -> str | None:
    return next(filter(None, differences), None)


def _not_refused(run: Callable[[str], object], cs: str) -> str | None:
    try:
        run(cs)
    except EasysyncError:
        return None
    return "accepted, but Etherpad refuses it"


def _check_rep(case: _Case) -> str | None:
    cs = case.text("cs")
    if not case.flag("valid"):
        return _not_refused(check_rep, cs)
    return _difference("the changeset", check_rep(cs), cs)


def _apply_to_text(case: _Case) -> str | None:
    cs, text = case.text("cs"), case.text("text")
    if case.has("error") and case.flag("error"):
        return _not_refused(lambda refused: apply_to_text(refused, text), cs)
    return _difference("the text", apply_to_text(cs, text), case.text("result"))


def _apply_to_atext(case: _Case) -> str | None:
    got = apply_to_atext(case.text("cs"), case.atext("atext"), case.pool("pool"))
    return _difference("the document", got, case.atext("result"))


def _compose(case: _Case) -> str | None:
    got = compose(case.text("cs1"), case.text("cs2"), case.pool("pool"))
    return _difference("the changeset", got, case.text("result"))


def _follow(case: _Case) -> str | None:
    got = follow(
        case.text("cs1"),
        case.text("cs2"),
        case.pool("pool"),
        reverse_insert_order=case.flag("reverse_insert_order"),
    )
    return _difference("the changeset", got, case.text("result"))


def _inverse(case: _Case) -> str | None:
    got = inverse(case.text("cs"), case.text("text"), case.text("attribs"), case.pool("pool"))
    return _difference("the changeset", got, case.text("result"))


def _split_attribution_lines(case: _Case) -> str | None:
    got = split_attribution_lines(case.text("attribs"), case.text("text"))
    return _difference("the list of lines", got, case.texts("result"))


def _make_splice(case: _Case) -> str | None:
    pool = case.pool("pool") if case.has("pool") else None
    got = make_splice(
        case.text("text"),
        case.number("start"),
        case.number("ndel"),
        case.text("ins"),
        case.text("attribs") if case.has("attribs") else "",
        pool,
    )
    return _difference("the changeset", got, case.text("result"))


def _move_ops_to_new_pool(case: _Case) -> str | None:
    pool, result = case.pool("to_pool"), case.case("result")
    got = move_ops_to_new_pool(case.text("cs"), case.pool("from_pool"), pool)
    return _first(
        _difference("the changeset", got, result.text("cs")),
        _pool_difference(pool, result.pool("to_pool")),
    )


def _prepare_for_wire(case: _Case) -> str | None:
    result = case.case("result")
    got, pool = prepare_for_wire(case.text("cs"), case.pool("pool"))
    return _first(
        _difference("the changeset", got, result.text("translated")),
        _pool_difference(pool, result.pool("pool")),
    )


def _commit_sequence(case: _Case) -> str | None:
    """Commits submissions to one pad, one after the other, each made for a revision that may be
    old.

    Revision 0 is the document given. The numbers in the submissions are those of the final pool;
    like a server, this takes over from it the attributes that a submission brings.
    """
    atext, pool, numbering = case.atext("atext"), case.pool("pool_before"), case.pool("pool_after")
    revisions: list[str] = []
    for count, submission in enumerate(case.cases("submissions"), start=1):
        base = submission.number("base_rev")
        if not 0 <= base <= len(revisions):
            raise _Malformed(f"submission {count} is for revision {base}, which is to come")
        cs = move_ops_to_new_pool(check_rep(submission.text("cs")), numbering, pool)
        rebased = rebase(cs, revisions[base:], pool)
        if rebased != submission.text("rebased"):
            return _difference(f"rebased submission {count}", rebased, submission.text("rebased"))
        atext = apply_to_atext(rebased, atext, pool)
        revisions.append(rebased)
    return _first(
        _difference("the document", atext, case.atext("result")),
        _pool_difference(pool, numbering),
    )


def _pool_difference(got: AttributePool, want: AttributePool) -> str | None:
    return _difference("the pool", got.to_jsonable(), want.to_jsonable())


_RUNNERS: Final[dict[str, Callable[[_Case], str | None]]] = {
    "apply_to_atext": _apply_to_atext,
    "apply_to_text": _apply_to_text,
    "check_rep": _check_rep,
    "commit_sequence": _commit_sequence,
    "compose": _compose,
    "follow": _follow,
    "inverse": _inverse,
    "make_splice": _make_splice,
    "move_ops_to_new_pool": _move_ops_to_new_pool,
    "prepare_for_wire": _prepare_for_wire,
    "split_attribution_lines": _split_attribution_lines,
}
