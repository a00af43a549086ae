"""Sends the newest revision to a handful of sessions, which is what nearly every flush of nearly
every pad does.

On a pad with a few people, each edit finds all of them up to date, and is flushed by itself. Runs
that thousands share, plans, and a tally then cost more than they save. Only this much of them is
needed here: the author gets an ACCEPT_COMMIT, and everybody else the same bytes.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from os import write

from padfleet.services.fanout import metrics
from padfleet.services.fanout.delivery.session import Session
from padfleet.services.fanout.delivery.session_state import SessionState
from padfleet.services.fanout.delivery.shared_context import SharedContext, SharedWrite
from padfleet.services.fanout.delivery.window import ASK_AGE
from padfleet.services.fanout.pads.collabroom import Frames, accept_commit
from padfleet.services.fanout.pads.steps import NewChanges
from padfleet.services.fanout.transport.deflate import Deflated
from padfleet.services.fanout.transport.packets import PING
from padfleet.shared.log.records import Revision


@dataclass(slots=True)
class NewestSent:
    """The result of `send_newest`."""

    rest: list[Session]  #: the sessions that have not been served yet
    accepted: int = 0  #: sessions that were sent their ACCEPT_COMMIT
    sent_changes: int = 0  #: sessions that were sent NEW_CHANGES
    bytes: int = 0
    before: int = 0  #: bytes of messages that were sent deflated, had they not been
    after: int = 0  #: the bytes of those messages as they were sent

    @property
    def revisions(self) -> int:
        """Deliveries: revisions × sockets."""
        return self.accepted + self.sent_changes

    def count(self) -> None:
        """Adds the result to the metrics."""
        if self.sent_changes:
            metrics.FRAMES.add("NEW_CHANGES", self.sent_changes)
            metrics.BATCH_REVISIONS.observe(1)
        if self.accepted:
            metrics.FRAMES.add("ACCEPT_COMMIT", self.accepted)
        metrics.BYTES.value += self.bytes
        metrics.DELIVERED.value += self.revisions
        if self.before:
            metrics.deflated(self.before, self.after)


def send_newest(  # noqa: C901
    newest: Revision,
    news_at: int,
    frames: Frames,
    sessions: Iterable[Session],
    now: float,
    context: SharedContext | None = None,
) -> NewestSent:
    """Sends the revision to sessions that lack it and nothing else; those that lack nothing are
    skipped. A session that lacks more, is to be asked for flow control or by an acknowledgement,
    or has a slow socket is left for the ordinary way, as in `fast_path.push`, which explains
    writing to descriptors. One of the others is asked what has arrived, if that is due, to measure
    latency.

    Arguments:
        news_at: the place of a session that has been told all news.
        now: seconds, monotonic.
        context: without it, nothing is compressed.
    """
    rev = newest.rev
    author, seq = newest.origin or ("", 0)
    shared: SharedWrite | None = None
    current = SessionState.CURRENT
    done = NewestSent([])
    asked = False
    for session in sessions:
        if session.state is not current:
            continue
        cursor, window, way_out = session.cursor, session.window, session.exit
        after = cursor.sent_rev
        transport = way_out.transport
        if session.news_at != news_at or cursor.accepted:
            done.rest.append(session)
            continue
        if after == rev:
            continue
        if (
            after != rev - 1
            or cursor.resume_until > after
            or transport is None
            or transport.get_write_buffer_size()
            or transport.is_closing()
        ):
            done.rest.append(session)
            continue
        asks = now - window.asked_at >= ASK_AGE
        if asks and (asked or session.acks):
            done.rest.append(session)
            continue
        had = way_out.had
        made: Deflated | None = None
        if session.id == author:
            data = accept_commit(rev).websocket
        else:
            if shared is None:
                shared = SharedWrite([frames.of(NewChanges(newest))], context)
            made = shared.of(had)
            data = made.data
        size = len(data)
        if window.sent + size >= window.quiet_bytes:
            done.rest.append(session)
            continue
        if asks:
            data += PING.websocket
        try:
            taken = write(way_out.fd, data)
        except OSError:  # its buffers are full, or the connection is broken: not known yet
            taken = 0
        if taken != len(data):
            transport.write(data[taken:])
        # Only now, and without an await in between (I4).
        cursor.sent_rev = rev
        window.sent += size
        if asks:
            asked = True
            session.has_pinged(now, newest.time)
        done.bytes += size
        if made is None:
            done.accepted += 1
            session.settle(seq, None)
        else:
            done.sent_changes += 1
            if made.last is not None:
                way_out.had = made.last.number
                done.before += made.before
                done.after += made.after
    if done.before and context is not None:
        context.have_had(Counter([frames.of(NewChanges(newest))]))
    return done
