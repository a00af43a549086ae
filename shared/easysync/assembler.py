"""This module assembles ops in canonical form.

Which neighbours are merged, and in which order inserts and removals come, has to match Etherpad
exactly: its server refuses any other form, and the clients compare strings.
"""

from __future__ import annotations

from padfleet.shared.easysync.ops import op_text


class OpRun:
    """A sequence of ops with one opcode, where neighbours with the same attributes are merged.

    An op with newlines ends with one, so what follows the last newline is a separate op. The pair
    is held back as one, because a further op with newlines joins all three.
    """

    __slots__ = ("_attribs", "_chars", "_lines", "_opcode", "_tail", "_written")

    def __init__(self, opcode: str) -> None:
        self._opcode = opcode
        self._written: list[str] = []
        self._attribs = ""
        self._chars = 0  # of the op that is held back; 0 if there is none
        self._lines = 0
        self._tail = 0  # chars after its last newline, not counted in _chars

    def add(self, chars: int, lines: int, attribs: str) -> None:
        if chars <= 0:
            return
        if not self._chars:
            self._chars, self._lines, self._attribs = chars, lines, attribs
        elif attribs != self._attribs:
            self._write()
            self._chars, self._lines, self._attribs = chars, lines, attribs
        elif lines > 0:
            self._chars += self._tail + chars
            self._lines += lines
            self._tail = 0
        elif self._lines:
            self._tail += chars
        else:
            self._chars += chars

    def take(self) -> str:
        """Returns the ops so far, as written, and leaves the run empty."""
        if self._chars:
            self._write()
        ops = "".join(self._written)
        self._written.clear()
        return ops

    def drop_plain_end(self) -> None:
        """Forgets the last op unless it has attributes."""
        if not self._attribs:
            self._chars = self._tail = 0

    def _write(self) -> None:
        self._written.append(op_text(self._opcode, self._chars, self._lines, self._attribs))
        if self._tail:
            self._written.append(op_text(self._opcode, self._tail, 0, self._attribs))
            self._tail = 0
        self._chars = 0


class Assembler:
    """Collects the ops of a changeset: between keeps, removals go before inserts."""

    __slots__ = ("_inserts", "_keeping", "_keeps", "_removals", "_written", "length_change")

    def __init__(self) -> None:
        self._keeps, self._removals, self._inserts = OpRun("="), OpRun("-"), OpRun("+")
        self._keeping = False
        self._written: list[str] = []
        self.length_change = 0

    def add(self, opcode: str, chars: int, lines: int, attribs: str) -> None:
        """Adds an op; one of no characters is ignored."""
        if chars <= 0:
            return
        if (opcode == "=") is not self._keeping:
            self._turn()
        if opcode == "+":
            self.length_change += chars
            self._inserts.add(chars, lines, attribs)
        elif opcode == "-":
            self.length_change -= chars
            self._removals.add(chars, lines, attribs)
        else:
            self._keeps.add(chars, lines, attribs)

    def add_text(self, opcode: str, text: str, attribs: str = "") -> None:
        """Adds the ops that keep, insert or remove `text`: up to its last newline, and the rest."""
        head = text.rfind("\n") + 1
        if head:
            self.add(opcode, head, text.count("\n"), attribs)
        self.add(opcode, len(text) - head, 0, attribs)

    def finish(self) -> str:
        """Returns the ops as written. A keep without attributes at the end is left out."""
        if self._keeping:
            self._keeps.drop_plain_end()
        self._turn()
        return "".join(self._written)

    def _turn(self) -> None:
        if self._keeping:
            self._written.append(self._keeps.take())
        else:
            self._written += (self._removals.take(), self._inserts.take())
        self._keeping = not self._keeping
