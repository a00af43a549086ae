"""Plans what one session is sent next, in one write. Pure: no socket and no clock."""

from collections.abc import Iterable
from dataclasses import dataclass

from padfleet.services.fanout.delivery.cursor import DeliveryCursor, steps
from padfleet.services.fanout.delivery.window import Window
from padfleet.services.fanout.pads.collabroom import Frames, with_ack
from padfleet.services.fanout.pads.steps import Step
from padfleet.services.fanout.transport.packets import PING, Frame
from padfleet.shared.log.records import Revision


@dataclass(slots=True)
class SendPlan:
    """One write to one session."""

    frames: list[Frame]  #: in order; empty if there are only news about the session itself
    steps: list[Step]  #: the messages among them that move the cursor
    size: int  #: bytes, as the window counts them
    asks: bool  #: the client is asked whether it has arrived …
    by_ack: bool  #: … by the last message itself, and not by a ping
    measures: bool  #: for the sake of measuring alone
    complete: bool  #: nothing was left out for want of room in the window


def plan(
    session: str,
    cursor: DeliveryCursor,
    window: Window,
    news: Iterable[tuple[Frame, str]],
    revisions: Iterable[Revision],
    frames: Frames,
    now: float,
    *,
    batching: bool,
    acks: bool,
    may_measure: bool,
) -> SendPlan:
    """Makes the plan. It changes none of its arguments, except that `frames` keeps what it has
    encoded.

    Arguments:
        session: its id, by which its own submissions are recognised.
        window: has some room.
        news: each with the session that it is about.
        revisions: those after the cursor, without a gap.
        now: seconds, monotonic.
        batching, acks: what the client understands.
        may_measure: the client may be asked just for measuring.
    """
    sending = [frame for frame, but in news if but != session]
    size = sum([len(frame.websocket) for frame in sending])
    room = window.room
    taken: list[Step] = []
    complete = True
    for step in steps(cursor, session, revisions, batching=batching):
        if size >= room:
            complete = False
            break
        frame = frames.of(step)
        taken.append(step)
        sending.append(frame)
        size += len(frame.websocket)
    # A question is asked about news alone, too: if the window were full of them, nothing else would
    # be sent that could carry a question.
    urgent = bool(sending) and window.urgent(size, now)
    measures = bool(sending) and not urgent and may_measure and window.due(now)
    asks = urgent or measures
    by_ack = asks and acks and bool(taken)
    if by_ack:
        sending[-1] = with_ack(sending[-1], taken[-1].sent_rev)
    elif asks:
        sending.append(PING)
    return SendPlan(sending, taken, size, asks, by_ack, measures, complete)
