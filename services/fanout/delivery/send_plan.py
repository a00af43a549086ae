"""Plans what one session is sent next, in one write. Pure: no socket and no clock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from padfleet.services.fanout.delivery.cursor import DeliveryCursor, parts
from padfleet.services.fanout.delivery.encoding import Encoder
from padfleet.services.fanout.delivery.stretches import Stretch
from padfleet.services.fanout.delivery.window import Window
from padfleet.services.fanout.pads.collabroom import with_ack
from padfleet.services.fanout.pads.steps import Step
from padfleet.services.fanout.transport.deflate import PLAIN, Deflated, joined
from padfleet.services.fanout.transport.packets import PING, Frame


@dataclass(slots=True)
class SendPlan:
    """One write to one session."""

    frames: list[Frame]  #: in order; empty if there are only news about the session itself
    made: Deflated  #: the bytes of these frames on a WebSocket
    taken: list[Stretch | Step]  #: what moves the cursor
    size: int  #: bytes, as the window counts them
    asks: bool  #: the client is asked whether it has arrived …
    by_ack: bool  #: … by the last message itself, and not by a ping
    measures: bool  #: for the sake of measuring alone
    complete: bool  #: nothing was left out for want of room in the window
    shared: Frame | None  #: the compressed message that ends the socket's window, if others have it


def plan(
    session: str,
    cursor: DeliveryCursor,
    window: Window,
    news: Iterable[tuple[Frame, str]],
    stretches: Sequence[Stretch],
    encoder: Encoder,
    now: float,
    *,
    had: int = PLAIN,
    batching: bool,
    acks: bool,
    may_measure: bool,
) -> SendPlan:
    """Makes the plan. It changes none of its arguments, except that `encoder` keeps what it has
    encoded, and what it may still compress becomes less.

    Arguments:
        session: its id, by which its own submissions are recognised.
        window: has some room.
        news: each with the session that it is about.
        stretches: the revisions after the cursor, without a gap.
        now: seconds, monotonic.
        had: the shared message that the socket was sent last, as `Outbound.had`.
        batching, acks: what the client understands.
        may_measure: the client may be asked just for measuring.
    """
    draft = _Draft(encoder, had, [frame for frame, but in news if but != session])
    room = window.room
    taken: list[Stretch | Step] = []
    complete = True
    for part in parts(cursor, session, stretches, batching=batching):
        if draft.size >= room:
            complete = False
            break
        if isinstance(part, Stretch):
            draft.add_shared(part, batching, begins=part is stretches[0])
        else:
            draft.add(encoder.of(part))
        taken.append(part)
    # A question is asked about news alone, too: if the window were full of them, nothing else would
    # be sent that could carry a question.
    anything = draft.anything
    urgent = anything and window.urgent(draft.size, now)
    measures = anything and not urgent and may_measure and window.due(now)
    asks = urgent or measures
    by_ack = asks and acks and bool(taken)
    if by_ack:
        draft.ask_by_ack(taken[-1].sent_rev)
    elif asks:
        draft.ask_by_ping()
    draft.end()
    made = joined(draft.made) if draft.made else Deflated(b"", None, 0, 0)
    return SendPlan(
        draft.frames,
        made,
        taken,
        draft.size,
        asks,
        by_ack,
        measures,
        complete,
        draft.shared,
    )


class _Draft:
    """What is to be written, as far as it is known."""

    def __init__(self, encoder: Encoder, had: int, alone: list[Frame]) -> None:
        """Begins with messages that are for this session alone, or can be taken for that."""
        self._encoder = encoder
        self._had = self._had_before = had
        self._alone = alone
        self._last: Sequence[Frame] = ()  #: the shared frames at the end
        self.frames: list[Frame] = list(alone)
        self.made: list[Deflated] = []
        self.size = sum([len(frame.websocket) for frame in alone])
        self.shared: Frame | None = None
        self._shared_before: Frame | None = None

    @property
    def anything(self) -> bool:
        return bool(self.frames)

    def add(self, frame: Frame) -> None:
        """Adds a message for this session alone."""
        self._last = ()
        self._alone.append(frame)
        self.frames.append(frame)
        self.size += len(frame.websocket)

    def add_shared(self, stretch: Stretch, batching: bool, *, begins: bool) -> None:
        """Adds a stretch; `begins` says whether it is the first."""
        self.end()
        frames, made = self._encoder.shared(stretch, batching, self._had, begins=begins)
        self._had_before, self._had = self._had, made.had_after(self._had)
        self._last = frames
        self.made.append(made)
        self.frames += frames
        self.size += len(made.data)
        self._shared_before = self.shared
        if made.last is not None:
            self.shared = made.last

    def ask_by_ack(self, rev: int) -> None:
        """Lets the last message ask to be acknowledged, which makes it one for this session
        alone."""
        if self._last:
            made = self.made.pop()
            self._had = self._had_before
            self._alone = list(self._last)
            self.size += sum([len(frame.websocket) for frame in self._last]) - len(made.data)
            self._last = ()
            self.shared = self._shared_before
        asking = with_ack(self.frames[-1], rev)
        self.frames[-1] = self._alone[-1] = asking

    def ask_by_ping(self) -> None:
        self._last = ()
        self.frames.append(PING)
        self._alone.append(PING)

    def end(self) -> None:
        """Encodes what is for this session alone up to here."""
        if self._alone:
            made = self._encoder.alone(self._alone, self._had)
            self.size += made.after - made.before
            if made.last is not None:
                self._had, self.shared = made.had_after(self._had), None
            self.made.append(made)
            self._alone = []
