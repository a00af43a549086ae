"""Decides what a typist types next (marks, filler, lines), and what it does with filler of its
own."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from padfleet.shared.easysync import Builder
from tests.chaos.history.pages import Book
from tests.chaos.history.typist import Typist

_FILLER = "abcdefghijklmnopqrstuvwxyz"
LONGEST_FILLER = 5

PASTES = 0.03
"""How often a mark comes with many lines, like a paste."""

UNDOES = 0.1
"""How often a typist that can do so undoes its last edit, or redoes what it has just undone."""


@dataclass(frozen=True, slots=True)
class _Done:
    """An edit behind the typist's last mark: text in place of other text, or a tint."""

    stay: int  #: the stay on the pad; edits before a reload cannot be undone
    before: str
    after: str
    tint_before: str = ""
    tint_after: str = ""

    def back(self) -> _Done:
        return _Done(self.stay, self.after, self.before, self.tint_after, self.tint_before)


class Hand:
    """Chooses what one typist writes and where, and undoes some of it. Marks stay whole: others
    write before a mark's bracket or at a line's start, never within a mark, and only filler is
    deleted."""

    def __init__(self, typist: Typist, book: Book, dice: random.Random) -> None:
        self._typist = typist
        self._book = book
        self._dice = dice
        self._tints = 0
        self._last = ""  # the mark behind which there may be filler of its own
        self._tint = ""  #: of that filler
        self._done: _Done | None = None  #: what it can undo

    def strike(self) -> dict[str, Any] | None:
        """Makes one edit, and returns the USER_CHANGES to send at once, if there is one. Seven of
        ten edits bring a mark (one of these on a line of its own), two delete, and one changes an
        attribute; some bring many lines, and some undo the previous edit, or redo it."""
        text = self._typist.text
        done, self._done = self._done, None
        if done is not None and self._dice.random() < UNDOES and self._can_undo(done, text):
            self._done = done.back()
            return self._undo(done, text)
        choice = self._dice.random()
        if choice < 0.3 and self._last:
            start, chars = self._own_filler(text)
            filler = text[start : start + chars]
            if chars and choice < 0.2:
                self._done = _Done(self._typist.stays, filler, "")
                return self._typist.edit(start, chars, "")
            if chars:
                # Another value each time: setting an attribute that is set already makes no
                # revision, and from outside that looks like a lost edit.
                self._tints += 1
                tint = f"{self._typist.name}.{self._tints}"
                self._done = _Done(self._typist.stays, filler, filler, self._tint, tint)
                self._tint = tint
                return self._dye(text, start, chars, tint)
        return self._type(text, newline=choice > 0.9)

    def _type(self, text: str, *, newline: bool) -> dict[str, Any] | None:
        self._last = mark = self._typist.next_mark()
        filler = "".join(self._dice.choices(_FILLER, k=self._dice.randint(0, LONGEST_FILLER)))
        if self._dice.random() < PASTES:
            filler += self._lines()
        if filler:
            self._done = _Done(self._typist.stays, "", filler)
        self._tint = ""
        return self._typist.edit(
            self._place(text), 0, mark + filler + ("\n" if newline else ""), (mark,)
        )

    def _lines(self) -> str:
        """Returns lines as somebody may have them in the clipboard."""
        dice = self._dice
        lines = ("".join(dice.choices(_FILLER, k=dice.randint(0, 60))) for _ in range(40))
        return "\n" + "\n".join(list(lines)[: dice.randint(1, 40)])

    # --- Undoing ---------------------------------------------------------------------------------

    def _can_undo(self, done: _Done, text: str) -> bool:
        """Returns whether the server knows the edit, and its result is still there as it was left.
        (Two edits that cancel each other out make no revision, and that looks like a lost edit.)"""
        at = text.find(self._last)
        there = text[at + len(self._last) :]
        known = self._typist.settled and done.stay == self._typist.stays
        return known and at >= 0 and there.startswith(done.after)

    def _undo(self, done: _Done, text: str) -> dict[str, Any] | None:
        start = text.find(self._last) + len(self._last)
        if done.before != done.after:
            return self._typist.edit(start, len(done.after), done.before)
        self._tint = done.tint_before
        return self._dye(text, start, len(done.after), done.tint_before)

    def _dye(self, text: str, start: int, chars: int, tint: str) -> dict[str, Any] | None:
        """Sets the tint of a stretch; an empty `tint` removes it."""
        builder = Builder(len(text)).keep_text(text[:start])
        builder.keep_text(text[start : start + chars], [("tint", tint)], self._book.pool)
        return self._typist.format(builder.to_changeset())

    def _place(self, text: str) -> int:
        """Returns a place before a mark or a newline; the text ends with a newline."""
        start = self._dice.randrange(max(len(text), 1))
        marks, lines = text.find("[", start), text.find("\n", start)
        found = [place for place in (marks, lines) if place >= 0]
        return min(found, default=max(len(text) - 1, 0))

    def _own_filler(self, text: str) -> tuple[int, int]:
        at = text.find(self._last)
        start = end = at + len(self._last)
        while at >= 0 and end - start < LONGEST_FILLER and text[end] in _FILLER:
            end += 1
        return start, end - start
