"""What a typist types next: marks, filler, lines; and what it does with filler of its own."""

from __future__ import annotations

import random
from typing import Any

from padfleet.shared.easysync import Builder
from tests.chaos.history.pages import Book
from tests.chaos.history.typist import Typist

_FILLER = "abcdefghijklmnopqrstuvwxyz"
LONGEST_FILLER = 5


class Hand:
    """Chooses what one typist writes and where. Marks stay whole: others write before a mark's
    bracket or at a line's start, never within one, and what is deleted is filler."""

    def __init__(self, typist: Typist, book: Book, dice: random.Random) -> None:
        self._typist = typist
        self._book = book
        self._dice = dice
        self._tints = 0
        self._last = ""  # the mark behind which there may be filler of its own

    def strike(self) -> dict[str, Any] | None:
        """One edit; returns the USER_CHANGES to send at once, if there is one. Of ten, seven bring
        a mark (one of these in an own line), two delete and one changes an attribute."""
        text = self._typist.text
        choice = self._dice.random()
        if choice < 0.3 and self._last:
            start, chars = self._own_filler(text)
            if chars and choice < 0.2:
                return self._typist.edit(start, chars, "")
            if chars:
                # Another value each time: to set what is set already makes no revision, and from
                # outside that looks like one that was lost.
                self._tints += 1
                tint = [("tint", f"{self._typist.name}.{self._tints}")]
                builder = Builder(len(text)).keep_text(text[:start])
                builder.keep_text(text[start : start + chars], tint, self._book.pool)
                return self._typist.format(builder.to_changeset())
        return self._type(text, newline=choice > 0.9)

    def _type(self, text: str, *, newline: bool) -> dict[str, Any] | None:
        self._last = mark = self._typist.next_mark()
        filler = "".join(self._dice.choices(_FILLER, k=self._dice.randint(0, LONGEST_FILLER)))
        return self._typist.edit(
            self._place(text), 0, mark + filler + ("\n" if newline else ""), (mark,)
        )

    def _place(self, text: str) -> int:
        """Before a mark or a newline, somewhere; the text ends with a newline."""
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
