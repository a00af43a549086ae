"""Checks that what people are sent can be read: whole frames, with messages in them (I4).

Somebody who is sent half a frame takes what comes next for its rest, and ends the connection. They
come back and miss nothing, so no other guard would see it.
"""

from __future__ import annotations

from collections.abc import Callable

from padfleet.services.tools.loadtest.websocket import FrameReader, LoadSocketError
from tests.chaos.history.hearing import Heard, Hearing, Nonsense


class FramesGuard:
    """The guard of all people's connections of a run. There is one per process, since it hooks into
    the classes that these are read with."""

    def __init__(self, found: Callable[[str], None]) -> None:
        feed, read = FrameReader.feed, Hearing.read

        def fed(reader: FrameReader, data: bytes) -> list[bytes]:
            try:
                return feed(reader, data)
            except LoadSocketError as error:
                found(f"I4 somebody was sent what is no frame: {error}")
                raise

        def heard(hearing: Hearing, message: bytes) -> tuple[Heard, ...]:
            events = read(hearing, message)
            for event in events:
                if isinstance(event, Nonsense):
                    found(f"I4 somebody was sent what is no message: {event.why}")
            return events

        FrameReader.feed = fed  # type: ignore[method-assign,assignment]
        Hearing.read = heard  # type: ignore[method-assign,assignment]
