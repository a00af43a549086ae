"""Checks whether all clients agree in the end. Pure."""

from typing import NamedTuple


class Text(NamedTuple):
    """The text that one full client has in the end."""

    pad: str
    rev: int
    length: int
    digest: str
    fault: str | None = None


class Spread(NamedTuple):
    """The revisions at which the cheap clients of a pad are."""

    lowest_rev: int
    highest_rev: int
    shortest: int
    longest: int
    waiting: int  #: edits not accepted yet

    def joined(self, other: "Spread") -> "Spread":
        return Spread(
            min(self.lowest_rev, other.lowest_rev),
            max(self.highest_rev, other.highest_rev),
            min(self.shortest, other.shortest),
            max(self.longest, other.longest),
            self.waiting + other.waiting,
        )


def quiet(pads: dict[str, Spread], texts: list[Text]) -> bool:
    """Returns whether every edit has been accepted and all clients are at the same revision of each
    pad."""
    return all(
        spread.waiting == 0 and spread.lowest_rev == spread.highest_rev for spread in pads.values()
    ) and all(
        text.fault is not None or text.rev >= pads[text.pad].highest_rev
        for text in texts
        if text.pad in pads
    )


def differences(pads: dict[str, Spread], texts: list[Text]) -> list[str]:
    """Describes all disagreements, for people; empty if there are none."""
    found = []
    for pad, spread in pads.items():
        if spread.waiting:
            found.append(f"{pad}: {spread.waiting} edits have never been accepted")
        if spread.lowest_rev != spread.highest_rev:
            found.append(
                f"{pad}: clients are at revisions {spread.lowest_rev} to {spread.highest_rev}"
            )
        elif spread.shortest != spread.longest:
            found.append(
                f"{pad}: at revision {spread.highest_rev} clients count {spread.shortest} to "
                f"{spread.longest} characters"
            )
    first: dict[str, Text] = {}
    for text in texts:
        if text.fault is not None:
            found.append(f"{text.pad}: a full client failed: {text.fault}")
            continue
        other = first.setdefault(text.pad, text)
        if (text.rev, text.digest) != (other.rev, other.digest):
            found.append(
                f"{text.pad}: two full clients differ: revision {other.rev} with {other.length} "
                f"characters ({other.digest[:8]}), revision {text.rev} with {text.length} "
                f"({text.digest[:8]})"
            )
        cheap = pads.get(text.pad)
        if cheap is not None and (text.rev, text.length) != (cheap.highest_rev, cheap.longest):
            found.append(
                f"{text.pad}: a full client is at revision {text.rev} with {text.length} "
                f"characters, the cheap ones at {cheap.highest_rev} with {cheap.longest}"
            )
    return found
