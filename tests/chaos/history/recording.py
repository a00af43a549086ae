"""Records what one client saw and did, in order, as plain values that can be written as JSON lines.

A recording contains what came over the wire, and nothing of the client's own conclusions: judging
is the checker's work. Times are in seconds of a monotonic clock, one for all clients of a process.

A client's *stay* lasts from CLIENT_VARS until it is told to reload, over any number of connections.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple

from padfleet.shared.wire import jsontext


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection to a worker was made; nothing has been said on it."""

    url: str


@dataclass(frozen=True, slots=True)
class Joined:
    """CLIENT_VARS has come, and a stay begins."""

    rev: int
    author: str
    digest: str  #: that of the text at `rev`


@dataclass(frozen=True, slots=True)
class Submitted:
    """A USER_CHANGES was handed to the connection. `marks` are the unique words that it inserts;
    one that is sent again after a reconnect has the marks of those it repeats."""

    base_rev: int
    changeset: str
    pool: str  #: JSON
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server has accepted a submission (ACCEPT_COMMIT)."""

    rev: int


@dataclass(frozen=True, slots=True)
class Received:
    """A revision has come in a NEW_CHANGES, alone or in a batch, or (`missed`) in a
    CLIENT_RECONNECT. A missed one of the client's own author is also the answer to its submission
    in flight."""

    rev: int
    author: str
    changeset: str
    pool: str  #: JSON
    missed: bool = False


@dataclass(frozen=True, slots=True)
class Reconnected:
    """CLIENT_READY with `reconnect` was sent."""

    client_rev: int


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """Everything that was missed has come, up to `rev`. A submission in flight that is not among it
    never became part of the pad."""

    rev: int


@dataclass(frozen=True, slots=True)
class ToldToReload:
    """The server ended the stay, with Etherpad's word for the reason. Text that was not accepted is
    lost, and the person knows it."""

    reason: str


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """The connection broke, or could not be made; the client comes back by itself."""

    why: str


@dataclass(frozen=True, slots=True)
class GaveUp:
    """The client received something that cannot follow; from here on it only listens."""

    why: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The recording ended, in quiet. `unsent` are the marks that were typed and never submitted."""

    rev: int
    text: str
    connected: bool
    unsent: tuple[str, ...] = ()


Event = (
    Connected
    | Joined
    | Submitted
    | Accepted
    | Received
    | Reconnected
    | CaughtUp
    | ToldToReload
    | ConnectionLost
    | GaveUp
    | Finished
)

_KINDS: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        Connected,
        Joined,
        Submitted,
        Accepted,
        Received,
        Reconnected,
        CaughtUp,
        ToldToReload,
        ConnectionLost,
        GaveUp,
        Finished,
    )
}


class Moment(NamedTuple):
    """An event and its time. Events of many clients may be the same object."""

    at: float  #: seconds, of a monotonic clock
    event: Event


@dataclass(slots=True)
class Recording:
    """One client on one pad."""

    client: str
    pad: str
    moments: list[Moment] = field(default_factory=list)

    def events(self) -> Iterator[Event]:
        for moment in self.moments:
            yield moment.event


def digest(text: str) -> str:
    """Returns 16 characters for a code-unit string; they are equal for equal texts."""
    return blake2b(text.encode("utf-16-le", "surrogatepass"), digest_size=8).hexdigest()


# --- JSON lines ----------------------------------------------------------------------------------


def to_lines(recordings: Iterable[Recording]) -> Iterator[str]:
    """Yields one line for each client, then one for each of its moments."""
    for recording in recordings:
        yield jsontext.dumps({"client": recording.client, "pad": recording.pad})
        for at, event in recording.moments:
            yield jsontext.dumps([at, type(event).__name__, asdict(event)])


def from_lines(lines: Iterable[str]) -> list[Recording]:
    """Reads the lines of `to_lines`. Raises ValueError, which names the line that is not part of a
    recording."""
    recordings: list[Recording] = []
    for number, line in enumerate(lines, 1):
        try:
            match jsontext.loads(line):
                case {"client": str(client), "pad": str(pad)}:
                    recordings.append(Recording(client, pad))
                case [float(at) | int(at), str(kind), dict(fields)]:
                    event = _KINDS[kind](**_tuples(fields))
                    recordings[-1].moments.append(Moment(float(at), event))
                case _:
                    raise ValueError("neither a client nor a moment")
        except (ValueError, LookupError, TypeError) as error:
            raise ValueError(f"line {number} is no part of a recording: {error!r}") from error
    return recordings


def _tuples(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()
    }


def pool_json(pool: Any) -> str:
    """Returns a received attribute pool in a form that can be a key."""
    return json.dumps(pool, separators=(",", ":"), sort_keys=True)
