"""Simulates a cheap author or reader, without I/O. It knows its revision, the document's length and
its own edit in flight, and nothing of the text.

That is enough to type at the start of the document: such a changeset names the length for which it
was made and what it inserts. With `place`, authors type somewhere in the first line instead. Nobody
ends that line then, so anything by which the document has grown is in it, and it is known how far a
changeset may go without crossing a newline, which it would have to count.

It is also enough to detect a server that leaves a revision out, sends one twice, or bases one on
something other than what this client has.
"""

import math
from typing import Any

from padfleet.services.tools.loadtest import scan
from padfleet.services.tools.loadtest.tally import LoadTally
from padfleet.shared.easysync.base36 import numeral
from padfleet.shared.wire.jsontext import dumps
from padfleet.shared.wire.socketio import CONNECT, PONG, encode_ack, encode_event

LINE = 60
"""The number of characters after which an author ends the line, as nobody writes one endless
line."""


class Client:
    """A cheap author or reader. `pad_id` and `token` are for CLIENT_READY. Times are seconds of one
    clock of the caller's.

    `tally` counts everything; the caller may replace it at any time.
    """

    __slots__ = (
        "_below",
        "_due",
        "_in_flight",
        "_in_flight_length",
        "_letter",
        "_pool",
        "_sent_at",
        "_since_newline",
        "author",
        "batch",
        "gone",
        "joined",
        "length",
        "pad_id",
        "place",
        "rev",
        "started",
        "token",
    )

    def __init__(
        self,
        pad_id: str,
        token: str,
        *,
        batch: bool = True,
        started: float = 0,
        place: float | None = None,
    ) -> None:
        self.pad_id = pad_id
        self.token = token
        self.batch = batch  #: announces that it understands NEW_CHANGES_BATCH, and USERS
        self.started = started  #: when it began to connect
        self.place = place  #: where in the first line it types, from 0 to 1; else at the start
        self.author = ""
        self.rev = -1
        self.length = 0  #: of the document at `rev`, without what is in flight; UTF-16 code units
        self.joined = False
        self.gone: str | None = None  #: why the server wants it gone, or why it cannot continue
        self._due: list[float] = []  # when each edit that waits should have been sent
        self._in_flight: list[float] = []  # when each edit under way should have been sent
        self._in_flight_length = 0
        self._sent_at = 0.0
        self._letter = ""
        self._pool = ""
        self._since_newline = 0
        self._below = 0  # length of what follows the first line

    @property
    def settled(self) -> bool:
        """Returns whether every edit has been accepted."""
        return not self._due and not self._in_flight

    @property
    def waiting(self) -> int:
        """The number of edits that have not been accepted yet."""
        return len(self._due) + len(self._in_flight)

    def oldest(self) -> float | None:
        """Returns when the first of the unaccepted edits was due, or None if there are no such
        edits."""
        first = self._in_flight or self._due
        return first[0] if first else None

    # --- Typing ----------------------------------------------------------------------------------

    def type(self, due: float, now: float, tally: LoadTally) -> str | None:
        """Types one more character, which should have been typed at `due`. Returns what to send.

        As in Etherpad's page, one submission is in flight, and what is typed meanwhile is sent
        together after it. Each character's latency counts from when it was due, not from when it
        could be sent: a server that keeps its clients waiting would otherwise get fewer requests,
        and look good because of that.
        """
        tally.counts.typed += 1
        self._due.append(due)
        return None if self._in_flight else self._submit(now, tally)

    def _submit(self, now: float, tally: LoadTally) -> str:
        self._in_flight, self._due = self._due, []
        self._sent_at = now
        text = "".join(self._characters(len(self._in_flight)))
        self._in_flight_length = len(text)
        tally.counts.submitted += 1
        at = 0 if self.place is None else int(self.place * (self.length - self._below))
        changeset = insert(self.length, at, text)
        # The JSON is built by hand, since nothing here needs an encoder except the newlines.
        return (
            '42["message",{"type":"COLLABROOM","component":"pad","data":{"type":"USER_CHANGES",'
            f'"baseRev":{self.rev},"changeset":{dumps(changeset)},"apool":{self._pool}}}}}]'
        )

    def _characters(self, count: int) -> list[str]:
        characters = []
        for _ in range(count):
            self._since_newline += 1
            if self._since_newline > LINE and self.place is None:
                self._since_newline = 0
                characters.append("\n")
            else:
                characters.append(self._letter)
        return characters

    # --- Messages --------------------------------------------------------------------------------

    def receive(self, heard: scan.Heard, now: float, now_ms: int, tally: LoadTally) -> str | None:
        """Processes one message; returns what to answer. `now_ms` is the time of day.

        A broken promise is counted once, and what the server says is believed from there on.
        """
        # The types are tested in the order of their frequency; `match` would look them up
        # differently in each case.
        if type(heard) is scan.Changes:
            if heard.first != self.rev + 1 or heard.before != self.length or heard.broken:
                self._disbelieve(heard, tally)
            self.rev = heard.last
            self.length = heard.after
            counts = tally.counts
            counts.delivered += heard.revisions
            counts.change_frames += 1
            tally.arrived(heard.times, now_ms)
            return None if heard.ack_id is None else encode_ack(heard.ack_id)
        if type(heard) is scan.OtherFrame:
            return None if heard.ack_id is None else encode_ack(heard.ack_id)
        if type(heard) is scan.AcceptedFrame:
            return self._accepted(heard, now, tally)
        return self._rare(heard, now, tally)

    def _disbelieve(self, heard: scan.Changes, tally: LoadTally) -> None:
        if not self.joined:
            kind = "revision before CLIENT_VARS"
        elif heard.first <= self.rev:
            kind = "revision repeated"
        elif heard.first > self.rev + 1:
            kind = "revision missing"
        elif heard.broken:
            kind = "batch that does not hang together"
        else:
            kind = "revision on another length"
        tally.violations[kind] += 1

    def _accepted(self, heard: scan.AcceptedFrame, now: float, tally: LoadTally) -> str | None:
        counts = tally.counts
        counts.accepted += 1
        answer = None if heard.ack_id is None else encode_ack(heard.ack_id)
        if not self._in_flight:
            tally.violations["ACCEPT_COMMIT of nothing"] += 1
            return answer
        # An insert always makes a revision, so the same one again is wrong here.
        if heard.rev != self.rev + 1:
            tally.violations["ACCEPT_COMMIT out of place"] += 1
        self.rev = heard.rev
        self.length += self._in_flight_length
        for due in self._in_flight:
            tally.latencies["ack"].record((now - due) * 1e6)
        tally.latencies["ack_sent"].record((now - self._sent_at) * 1e6)
        self._in_flight = []
        if not self._due:
            return answer
        # A submission needs no separate acknowledgement: its baseRev says that this has arrived.
        return self._submit(now, tally)

    def _rare(self, heard: scan.Heard, now: float, tally: LoadTally) -> str | None:
        match heard:
            case scan.PingFrame(data):
                return f"{PONG}{data}"
            case scan.Opened():
                return CONNECT
            case scan.ConnectedFrame():
                return encode_event("message", self._ready())
            case scan.Vars():
                self._enter(heard, now, tally)
            case scan.TurnedAwayFrame(reason):
                self.gone = reason
            case scan.MalformedFrame(why):
                tally.violations["malformed message"] += 1
                self.gone = f"malformed message: {why}"
        return None

    def _ready(self) -> dict[str, Any]:
        ready = {
            "component": "pad",
            "type": "CLIENT_READY",
            "padId": self.pad_id,
            "token": self.token,
            "userInfo": {"colorId": None, "name": None},
            "protocolVersion": 2,
        }
        return ready | ({"supports": ["NEW_CHANGES_BATCH", "USERS"]} if self.batch else {})

    def _enter(self, heard: scan.Vars, now: float, tally: LoadTally) -> None:
        if self.joined:
            tally.violations["CLIENT_VARS twice"] += 1
        self.joined = True
        self.author, self.rev, self.length = heard.author, heard.rev, heard.length
        self._below = heard.length - heard.first_line
        self._pool = dumps({"numToAttrib": {"0": ["author", heard.author]}, "nextNum": 1})
        self._letter = chr(ord("a") + sum(heard.author.encode()) % 26)
        tally.counts.joined += 1
        tally.latencies["join"].record((now - self.started) * 1e6)


def insert(length: int, at: int, text: str) -> str:
    """Returns the changeset that inserts `text`, with attribute 0, into the first line of a
    document of `length`. The final keep is left out, as Easysync requires."""
    head, newline, rest = text.rpartition("\n")
    lines = f"*0|{numeral(text.count(newline))}+{numeral(len(head) + 1)}" if newline else ""
    tail = f"*0+{numeral(len(rest))}" if rest else ""
    kept = f"={numeral(at)}" if at else ""
    return f"Z:{numeral(length)}>{numeral(len(text))}{kept}{lines}{tail}${text}"


def gaps(rate: float, arrivals: str, uniform: float) -> float:
    """Returns the seconds to the next edit of an author with `rate` a second. `uniform` is a random
    number in [0, 1): even arrivals are half to one and a half intervals apart, Poisson's are
    irregular.
    """
    if arrivals == "poisson":
        return -math.log(1 - uniform) / rate
    return (0.5 + uniform) / rate
