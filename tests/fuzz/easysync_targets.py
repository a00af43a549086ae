"""Targets that take changesets and attribute pools."""

from __future__ import annotations

from random import Random
from typing import Any

from padfleet.services.fanout.requests.legacy import put_author_on_inserts
from padfleet.shared.easysync import (
    AText,
    AttributePool,
    EasysyncError,
    apply_to_atext,
    attribs_of,
    check_rep,
    compose,
    follow,
    iter_ops,
    move_ops_to_new_pool,
    new_len,
    prepare_for_wire,
    unpack,
)
from padfleet.shared.easysync.reference import (
    correct_line_markers,
    inverse,
    mutate_attribution_lines,
    mutate_text_lines,
    split_attribution_lines,
    split_text_lines,
)
from padfleet.shared.wire import jsontext
from tests.fuzz import corpus
from tests.fuzz.mutate import mutated
from tests.fuzz.target import Target
from tests.fuzz.values import likely_changeset, some_pool, some_value
from tests.unit.easysync.wild import some_changeset, some_text
from tests.unit.easysync.wild import spoilt as spoilt_counts


class _Document:
    """A document, an honest change to it, and a hostile one."""

    def __init__(self, source: Random) -> None:
        self.text = "".join([some_text(source) for _ in range(source.randrange(8))]) + "\n"
        self.pool = AttributePool()
        creation = some_changeset(source, "\n", self.pool, steps=3)
        self.atext = apply_to_atext(creation, AText("\n", "|1+1"), self.pool)
        self.honest = some_changeset(source, self.atext.text, self.pool)
        kind = source.randrange(3)
        if kind == 0:
            self.hostile = likely_changeset(source, len(self.atext.text))
            return
        good = some_changeset(source, self.atext.text, self.pool)
        if kind == 1:
            self.hostile = spoilt_counts(source, good)
        else:
            self.hostile = mutated(source, good, corpus.changesets())

    def __repr__(self) -> str:
        return (
            f"on {self.atext!r} with {self.pool.to_jsonable()['numToAttrib']}: "
            f"{self.honest!r}, {self.hostile!r}"
        )


def _changeset_case(source: Random) -> str:
    kind = source.randrange(10)
    if kind < 3:
        return likely_changeset(source, len(corpus.PAD_TEXT))
    if kind == 3:
        return source.choice(corpus.changesets())
    return mutated(source, source.choice(corpus.changesets()), corpus.changesets())


def _changeset(case: str) -> int:
    change = unpack(case)
    ops = iter_ops(change.ops)
    check_rep(case)
    again, pool = put_author_on_inserts(case, AttributePool(), "a.x")
    for op in ops:
        attribs_of(op.attribs, pool)
    return len(again)


def _algebra(case: _Document) -> int:
    """Does what a writer does: it checks the change, rebases it over an honest one, and applies it.
    Then it tries the rest of the algebra."""
    hostile, honest, pool = check_rep(case.hostile), case.honest, case.pool
    for op in iter_ops(unpack(hostile).ops):
        attribs_of(op.attribs, pool)
    hostile = move_ops_to_new_pool(hostile, pool, pool)  # *03 is a way to write *3
    rebased = follow(honest, hostile, pool)
    before = apply_to_atext(honest, case.atext, pool)
    after = apply_to_atext(rebased, before, pool)
    assert len(after.text) == new_len(rebased)
    assert apply_to_atext(compose(honest, rebased, pool), case.atext, pool).text == after.text
    undo = inverse(rebased, before.text, before.attribs, pool)
    assert apply_to_atext(undo, after, pool).text == before.text
    wire, wire_pool = prepare_for_wire(rebased, pool)
    assert move_ops_to_new_pool(wire, wire_pool, pool) == rebased
    lines = split_text_lines(before.text)
    mutate_text_lines(rebased, lines)
    attribs = split_attribution_lines(before.attribs, before.text)
    mutate_attribution_lines(rebased, attribs, pool)
    correct_line_markers(after, pool)
    return len(wire)


def _pool_case(source: Random) -> Any:
    return some_pool(source) if source.random() < 0.8 else some_value(source)


def _pool(case: Any) -> int:
    pool = AttributePool.from_jsonable(case)
    written = jsontext.dumps(pool.to_wire())
    number = pool.put("new", "attribute")
    assert pool.get(number) == ("new", "attribute")
    pool.truncate(number)
    AttributePool.from_jsonable(pool.to_jsonable())
    return len(written)


TARGETS = [
    Target("changeset", _changeset_case, _changeset, (EasysyncError,), 250_000),
    Target("algebra", _Document, _algebra, (EasysyncError,), 80_000),
    Target("pool", _pool_case, _pool, (EasysyncError,), 80_000),
]
