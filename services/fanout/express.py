"""The inner loop of fan-out: sessions that all are owed the same bytes."""

from collections.abc import Callable, Iterable

from services.fanout.exit import HIGH_WATER
from services.fanout.runs import Flush, Run
from services.fanout.session import Session


def push(flush: Flush, sessions: Iterable[Session], one_by_one: Callable[[Session], None]) -> None:
    """Brings these sessions up to date. Those that are owed something else, or are to be asked
    something, or whose socket is slow, are handed to `one_by_one`, which does `Session.flush`.

    Written out, without a call of our own for each session: on a pad with a thousand readers this
    is all there is, and a write to a socket takes the kernel 5 µs. With calls, this took 3.3 µs
    beside it; written out, 1.5 µs.
    """
    now = flush.now
    run: Run | None = None
    for session in sessions:
        if session.waiting:
            continue
        cursor, window = session.cursor, session.window
        after = cursor.sent_rev
        if (
            run is None
            or after != run.after
            or session.news_at != run.news_from
            or session.batching is not run.batching
        ):
            run = flush.run(after, session.news_at, session.batching)
            if run is None:
                one_by_one(session)
                continue
        if session.id in run.concerns or cursor.accepted or cursor.resume_until > after:
            one_by_one(session)
            continue
        data = run.data
        sent = window.sent + len(data)
        transport = session.exit.transport
        if (
            transport is None
            or transport.get_write_buffer_size() > HIGH_WATER
            or transport.is_closing()
            or sent >= window.quiet_bytes
            or (flush.questions > 0 and window.due(now))
        ):
            one_by_one(session)
            continue
        transport.write(data)
        # Only now, and without an await between (I4).
        cursor.sent_rev = run.upto
        session.news_at = run.news_upto
        window.sent = sent
        run.taken += 1
