"""Changesets of all kinds, by a source of random numbers.

Where hypothesis holds the source, cases shrink. With `random.Random` the same cases come by the
hundred thousand.
"""

from __future__ import annotations

from random import Random

from padfleet.shared.easysync import (
    Attribute,
    AttributePool,
    Builder,
    EasysyncError,
    check_rep,
    iter_ops,
    pack,
    unpack,
)
from padfleet.shared.easysync.assembler import Assembler

LETTERS = "ab*\n\nc\ud83d"

KEYS = {
    "author": ["a.1", "a.2", ""],
    "bold": ["true", ""],
    "heading": ["h1", "h2"],
    "insertorder": ["first"],
    "list": ["bullet1", ""],
    "lmkr": ["1"],
}


def some_text(source: Random) -> str:
    length = source.choice([1, 1, 1, 2, 3, 5])
    return "".join([source.choice(LETTERS) for _ in range(length)])


def some_attributes(source: Random, *, author: str = "") -> list[Attribute]:
    """Returns random attributes. With `author`, they are such as a session of this author may give
    to text."""
    keys = source.sample(sorted(KEYS), source.choice([0, 0, 1, 2]))
    chosen = {key: source.choice(KEYS[key]) for key in keys}
    if author:
        chosen["author"] = author
    return list(chosen.items())


def some_changeset(
    source: Random, text: str, pool: AttributePool, *, author: str = "", steps: int = 0
) -> str:
    """Returns a random canonical changeset for a text whose final newline stays."""
    builder = Builder(len(text))
    position = 0
    for _ in range(steps or source.choice([1, 1, 1, 2, 3, 5])):
        room = len(text) - 1 - position
        kept = min(source.choice([0, 1, 2, source.randint(0, room)]), room)
        builder.keep_text(text[position : position + kept])
        position += kept
        some = text[position : min(position + source.choice([1, 1, 2, 3, 6, 12]), len(text) - 1)]
        kind = source.choice(["insert", "insert", "remove", "mark", "replace"])
        if kind == "mark":
            given = some_attributes(source)
            builder.keep_text(some, [(k, v) for k, v in given if k != "author" or not author], pool)
            position += len(some)
        if kind in ("remove", "replace"):
            builder.remove_text(some)
            position += len(some)
        if kind in ("insert", "replace"):
            builder.insert(some_text(source), some_attributes(source, author=author), pool)
    return builder.to_changeset()


def spoilt(source: Random, changeset: str) -> str:
    """Returns the changeset for another text of about the same length, which is still canonical if
    possible."""
    change = unpack(changeset)
    ops = iter_ops(change.ops)
    for op in ops:
        if op.opcode != "+" and source.random() < 0.5:
            if source.random() < 0.5:
                op.lines = max(0, op.lines + source.choice([-1, 1]))
            else:
                op.chars = max(1, op.chars + source.choice([-1, 1]))
    out = Assembler()
    for op in ops:
        out.add(op.opcode, op.chars, op.lines, op.attribs)
    written = out.finish()
    try:
        return check_rep(
            pack(change.old_len, change.old_len + out.length_change, written, change.bank)
        )
    except EasysyncError:
        return changeset
