"""This module builds changesets, piece by piece or as a single splice."""

from __future__ import annotations

from collections.abc import Iterable

from padfleet.shared.easysync.assembler import Assembler
from padfleet.shared.easysync.atext import AText
from padfleet.shared.easysync.attributes import encode_attribs
from padfleet.shared.easysync.changeset import pack
from padfleet.shared.easysync.errors import EasysyncError
from padfleet.shared.easysync.ops import iter_ops
from padfleet.shared.easysync.pool import Attribute, AttributePool


class Builder:
    """Builds a changeset from the start of the document to its end.

    Each method but the last returns the builder, so that calls can be chained. Attributes are an
    attribute string, or pairs, which need `pool`. Lengths are UTF-16 code units, and texts are
    code-unit strings.
    """

    def __init__(self, old_len: int) -> None:
        """Takes `old_len`, the length of the document that the changeset is for."""
        self._old_len = old_len
        self._out = Assembler()
        self._bank: list[str] = []

    def keep(
        self,
        chars: int,
        lines: int = 0,
        attribs: str | Iterable[Attribute] = "",
        pool: AttributePool | None = None,
    ) -> Builder:
        """Keeps the next `chars` code units, and sets attributes on them.

        Arguments:
            chars: how many code units.
            lines: how many newlines are among them. If there are any, the last code unit must be
                one: what follows on the same line takes another call.
            attribs: the attributes to set; the value "" removes an attribute.
            pool: the pool that numbers pairs.
        """
        self._out.add("=", chars, lines, encode_attribs(attribs, pool, inserting=False))
        return self

    def keep_text(
        self,
        text: str,
        attribs: str | Iterable[Attribute] = "",
        pool: AttributePool | None = None,
    ) -> Builder:
        """Keeps this text, which comes next in the document; counts its newlines itself."""
        self._out.add_text("=", text, encode_attribs(attribs, pool, inserting=False))
        return self

    def insert(
        self,
        text: str,
        attribs: str | Iterable[Attribute] = "",
        pool: AttributePool | None = None,
    ) -> Builder:
        """Inserts this text, with these attributes."""
        self._out.add_text("+", text, encode_attribs(attribs, pool, inserting=True))
        self._bank.append(text)
        return self

    def remove(self, chars: int, lines: int = 0) -> Builder:
        """Removes the next `chars` code units, with `lines` newlines among them as in `keep`."""
        self._out.add("-", chars, lines, "")
        return self

    def remove_text(self, text: str) -> Builder:
        """Removes this text, which comes next in the document; counts its newlines itself."""
        self._out.add_text("-", text)
        return self

    def to_changeset(self) -> str:
        """Returns the changeset, which keeps the rest of the document. This uses up the builder."""
        ops = self._out.finish()
        new_len = self._old_len + self._out.length_change
        return pack(self._old_len, new_len, ops, "".join(self._bank))


def make_splice(
    text: str,
    start: int,
    ndel: int,
    ins: str,
    attribs: str | Iterable[Attribute] = (),
    pool: AttributePool | None = None,
) -> str:
    """Returns the changeset that replaces a part of a text.

    Arguments:
        text: the text that the changeset is for.
        start: the code unit at which the part begins; a position beyond the end means the end.
        ndel: how many code units are removed, at most up to the end.
        ins: the text that is inserted in their place.
        attribs: the attributes of the inserted text: an attribute string, or pairs, which need
            `pool`.
        pool: the pool that numbers the pairs.

    Raises `EasysyncError` if `start` or `ndel` is negative.
    """
    if start < 0 or ndel < 0:
        raise EasysyncError(f"cannot remove {ndel} characters at {start}")
    return (
        Builder(len(text))
        .keep_text(text[:start])
        .remove_text(text[start : start + ndel])
        .insert(ins, attribs, pool)
        .to_changeset()
    )


def replacing(text: str, new: AText) -> str:
    """Returns the changeset that replaces the document with this text by another document.

    The newline at the end, which each document has, stays, so that what somebody else inserts
    before it at the same time can follow. Raises `EasysyncError` if there is none, or the
    attributes are not those of the new text.
    """
    if not text.endswith("\n") or not new.text.endswith("\n"):
        raise EasysyncError("the text does not end in a newline")
    builder = Builder(len(text)).remove_text(text[:-1])
    position = 0
    for op in iter_ops(new.attribs):
        end = position + op.chars
        builder.insert(new.text[position : min(end, len(new.text) - 1)], op.attribs)
        position = end
    if position != len(new.text):
        raise EasysyncError("the attributes are not those of the text")
    return builder.to_changeset()
