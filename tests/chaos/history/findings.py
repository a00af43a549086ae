"""Defines what can be wrong with a history."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum

SHOWN = 25


class Kind(Enum):
    """The kinds of faults; the value describes each."""

    LOST_ACKNOWLEDGED = "accepted, but not in the stream"
    LOST_TEXT = "never accepted, never refused, and not in the stream"
    UNANSWERED = "in the stream, but its author was never told"
    DOUBLED = "in the stream more than once"
    VANISHED = "put into the pad once, and not in its text in the end"
    GAP = "a revision never came"
    REORDERED = "a revision came after a later one"
    REPEATED = "a revision came twice"
    ACCEPT_OUT_OF_PLACE = "ACCEPT_COMMIT out of place"
    FORK = "what the client was given is not what the stream holds"
    DIVERGED = "the text in the end is not the stream's"
    DISAGREE = "two clients have different texts at one revision"
    BEHIND = "the client has not come to the head"
    AWAY = "the client is not connected in the end"
    REFUSED = "an honest submission was refused"
    GAVE_UP = "the client could not go on"
    BROKEN_STREAM = "the stream does not hang together"
    BAD_RECORDING = "the recording contradicts itself: a fault of the client or its recorder"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault. `client` is empty for a fault of the stream itself."""

    kind: Kind
    client: str
    revs: tuple[int, ...]
    text: str

    def __str__(self) -> str:
        revs = ", ".join(map(str, self.revs)) or "–"
        return f"{self.kind.name} {self.client or 'stream'} at {revs}: {self.text}"


@dataclass(slots=True)
class Verdict:
    """The findings, and how much was checked: a verdict over nothing means nothing."""

    pad: str
    findings: list[Finding] = field(default_factory=list)
    clients: int = 0
    revisions: int = 0
    submitted: int = 0  #: a repetition after a reconnect counts again
    accepted: int = 0
    received: int = 0
    reconnects: int = 0
    reloads: Counter[str] = field(default_factory=Counter)  #: by the server's reason
    excused: int = 0  #: revisions that a rollback took back from clients that were told to reload

    @property
    def ok(self) -> bool:
        return not self.findings

    @property
    def kinds(self) -> Counter[Kind]:
        return Counter(finding.kind for finding in self.findings)

    def __str__(self) -> str:
        kinds = ", ".join(f"{count} {kind.name}" for kind, count in self.kinds.items())
        lines = [
            f"{self.pad}: {kinds or 'nothing wrong'} ({self.clients} clients, "
            f"{self.revisions} revisions, {self.accepted} of {self.submitted} submissions "
            f"accepted, "
            f"{self.received} received, {self.reconnects} reconnects, "
            f"{self.reloads.total()} reloads, {self.excused} excused)"
        ]
        lines += [f"  {finding}" for finding in self.findings[:SHOWN]]
        if len(self.findings) > SHOWN:
            lines.append(f"  … and {len(self.findings) - SHOWN} more")
        return "\n".join(lines)
