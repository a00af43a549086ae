"""This module is the one way out to a session's socket.

Everything that a socket receives passes through here, in one order, whichever transport it uses: a
WebSocket is written to directly, and what a polling client gets is kept until it polls.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from padfleet.services.fanout import metrics
from padfleet.services.fanout.transport import websocket
from padfleet.services.fanout.transport.deflate import NOTHING, PLAIN, Deflated, SharedRun
from padfleet.services.fanout.transport.packets import (
    CLOSE,
    NOOP,
    PING,
    Frame,
    Parcel,
    packet,
)
from padfleet.services.fanout.transport.websocket_connection import HIGH_WATER, WebSocketConnection

OVERFLOW = 1 << 20
"""From this many waiting bytes on, a socket is not sent a whole pad once more."""

Answer = Callable[[float], None]
"""A function that is called with the time when a ping has been answered."""


class OutboundClosed(Exception):
    """The socket is gone; nothing was sent."""


class Outbound:
    """Sends frames to one socket."""

    __slots__ = (
        "_connection",
        "_drained",
        "_ended",
        "_left",
        "_on_end",
        "_poll",
        "_queue",
        "_queued",
        "fd",
        "had",
        "pings",
        "transport",
    )

    def __init__(self, on_end: Callable[[], None] | None = None) -> None:
        """Takes `on_end`, which is called once, when the sending side ends the socket."""
        self._on_end = on_end
        self.transport: asyncio.WriteTransport | None = None
        """The WebSocket's transport, once there is one and while nothing long is being written to
        it: `fast_path` writes to it as `offer` does."""
        self.fd = -1  #: its descriptor
        self.had = PLAIN
        """The number of the shared message that it was last sent compressed: its inflater's window
        ends with that. It changes with the write of such a message, and only then."""
        self._connection: WebSocketConnection | None = None
        self._queue: list[Frame | Parcel] = []
        """What waits for a poll, or behind something long that is being written."""
        self._queued = 0
        self._left = 0  #: bytes of the long one that are not with the connection yet
        self._poll: asyncio.Future[None] | None = None
        self._drained: Callable[[], None] | None = None
        self._ended = False
        self.pings: deque[tuple[float, Answer | None]] | None = None
        """The unanswered pings, oldest first: when, and what waits for the pong. A client answers
        them in order. None as long as there are none, which is most of the time."""

    @property
    def closed(self) -> bool:
        if self._ended:
            return True
        transport = self.transport or (
            self._connection.transport if self._connection is not None else None
        )
        return transport is not None and transport.is_closing()

    @property
    def backlog(self) -> int:
        """Returns how many bytes wait for the client."""
        return self.kept + self._left

    @property
    def kept(self) -> int:
        """Returns how many of these bytes are kept for this client alone."""
        if self.transport is not None:
            return self.transport.get_write_buffer_size()
        return self._queued

    # --- Sending ---------------------------------------------------------------------------------

    def write(self, frame: Frame | Parcel) -> None:
        """Accepts the frame for sending, or raises `OutboundClosed`."""
        if self.closed:
            raise OutboundClosed
        if self.transport is None:
            self._queue.append(frame)
            self._queued += _size(frame)
            self._wake_poll()
        elif isinstance(frame, Parcel):
            self._pour(frame)
        else:
            self.transport.write(frame.websocket)

    def offer(self, frame: Frame) -> bool:
        """Sends the frame as `write` does, and returns True. If too much is waiting already, or the
        socket is gone, it sends nothing and returns False."""
        transport = self.transport
        if transport is not None:
            if transport.get_write_buffer_size() > HIGH_WATER or transport.is_closing():
                return False
            transport.write(frame.websocket)
            return True
        if self._connection is not None or self._queued > HIGH_WATER or self._ended:
            return False
        self.write(frame)
        return True

    def offer_deflated(self, made: Deflated) -> bool:
        """Sends as `offer` does something that was made for a socket with this `had`, which changes
        with it."""
        transport = self.transport
        if transport is None or transport.get_write_buffer_size() > HIGH_WATER:
            return False
        if transport.is_closing():
            return False
        transport.write(made.data)
        self.had = made.had_after(self.had)
        return True

    def offer_run(self, run: SharedRun) -> int:
        """Sends a run as `offer` does, compressed if the client can read that. Returns the bytes
        that were written."""
        if self.had == PLAIN or self.transport is None:
            return len(run.plain.websocket) if self.offer(run.plain) else 0
        made = run.deflated
        if not self.offer_deflated(made):
            return 0
        metrics.deflated(made.before, made.after)
        return len(made.data)

    def ping(self, now: float, answer: Answer | None = None) -> None:
        """Sends an Engine.IO ping. Its pong proves that everything sent before it has arrived."""
        self.write(PING)
        self.pinged(now, answer)

    def pinged(self, now: float, answer: Answer | None) -> None:
        """Takes note that a ping has been written, at the end of a frame."""
        if self.pings is None:
            self.pings = deque()
        self.pings.append((now, answer))

    def ponged(self, now: float) -> None:
        """Takes in a pong. One that answers no ping is ignored."""
        if self.pings:
            _, answer = self.pings.popleft()
            if not self.pings:
                self.pings = None
            if answer is not None:
                answer(now)

    def when_drained(self, call: Callable[[], None]) -> None:
        """Calls back once everything that waits has been sent, or the socket has gone. A second
        call replaces the first."""
        if self._connection is not None and self.transport is not None:
            self._connection.when_drained(call)
        elif (self._queue or self._connection is not None) and not self._ended:
            self._drained = call
        else:
            asyncio.get_running_loop().call_soon(call)

    # --- Transports ------------------------------------------------------------------------------

    def to_websocket(self, connection: WebSocketConnection, answer: bytes = b"") -> None:
        """Moves the socket to this connection: frames go straight to it from now on, after those
        that wait for a poll. `answer` is written before them, if the request that has opened the
        connection is not answered yet."""
        self._connection = connection
        self.had = NOTHING if connection.deflates else PLAIN
        self.fd = connection.transport.get_extra_info("socket").fileno()
        self._go_on(answer)
        self._wake_poll()
        self._call_drained()

    def _pour(self, parcel: Parcel) -> None:
        """Writes a long packet in pieces. Nothing can overtake it: frames that come in the meantime
        wait behind it."""
        assert self._connection is not None
        self.transport = None

        def counted() -> Iterator[bytes | memoryview]:
            self._left = parcel.size
            for piece in parcel.websocket_pieces():
                yield piece
                self._left -= len(piece)

        self._connection.pour(counted(), self._poured)

    def _poured(self) -> None:
        self._left = 0
        self._go_on()
        if self.transport is not None and self._drained is not None:
            call, self._drained = self._drained, None
            self.when_drained(call)

    def _go_on(self, before: bytes = b"") -> None:
        """Writes what has waited, up to the next long frame, in one write with what comes
        `before`."""
        assert self._connection is not None
        self.transport = self._connection.transport
        waiting, self._queue, self._queued = self._queue, [], 0
        short: list[Frame] = []
        for number, frame in enumerate(waiting):
            if isinstance(frame, Parcel):
                self._queue = waiting[number + 1 :]
                self._queued = sum(_size(behind) for behind in self._queue)
                _write(self.transport, before, short)
                self._pour(frame)
                return
            short.append(frame)
        _write(self.transport, before, short)

    async def poll(self, timeout: float) -> list[Frame | Parcel]:
        """Returns the answer to a poll: everything that waits, or else the first frame that comes.
        It is empty once the socket has ended, and a NOOP once it is a WebSocket. Raises
        TimeoutError."""
        async with asyncio.timeout(timeout):
            while not (self._queue or self._ended or self._connection is not None):
                await self._until_poll_changes()
        if self._connection is not None:
            return [NOOP]
        frames, self._queue, self._queued = self._queue, [], 0
        self._call_drained()
        return frames

    def end(self, why: str = "") -> None:
        """Ends the socket, which accepts nothing more. A poll gets what waits, and learns that it
        was the last; a WebSocket is closed after what it has been given, or immediately if that
        cannot get through anyway. `why` is what the client is told: in the close frame of a
        WebSocket, or as the last event of a poll.

        This is not Socket.IO's disconnect: a client that is told to leave does not come back by
        itself.
        """
        if self._ended:
            return
        # Long frames are dropped immediately, and so is what would make no sense without them:
        # others may be waiting for their room.
        at = next((n for n, each in enumerate(self._queue) if isinstance(each, Parcel)), None)
        del self._queue[at if at is not None else len(self._queue) :]
        if self._connection is None:
            # Socket.IO's client drops an event that comes together with the end. It learns of the
            # end by its next poll: nobody knows the session any more.
            self._queue.append(packet(why, "ending") if why else CLOSE)
        self._ended = True
        self.pings = None
        if self._on_end is not None:
            self._on_end()
        self._wake_poll()
        self._call_drained()
        if self._connection is None or self._connection.transport.is_closing():
            return
        if self.transport is None or self.transport.get_write_buffer_size() > HIGH_WATER:
            self._connection.transport.abort()
        else:
            self.transport.write(websocket.close(websocket.Code.GOING_AWAY, why))
            self._connection.close()

    def _call_drained(self) -> None:
        if self._drained is not None:
            call, self._drained = self._drained, None
            call()

    # A queue of asyncio would do this as well, but take 1.5 KB for each socket, including
    # WebSockets.

    async def _until_poll_changes(self) -> None:
        if self._poll is None:
            self._poll = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._poll)

    def _wake_poll(self) -> None:
        if self._poll is not None:
            self._poll.set_result(None)
            self._poll = None


def _write(transport: asyncio.Transport, before: bytes, frames: Sequence[Frame]) -> None:
    if data := before + (Frame.joined(frames).websocket if frames else b""):
        transport.write(data)


def _size(frame: Frame | Parcel) -> int:
    return frame.size if isinstance(frame, Parcel) else len(frame.websocket)
