"""This package is a client of the real-time protocol of padfleet and Etherpad, for people, scripts
and tests.

    async with connect("http://127.0.0.1:9001/p/hello", name="A script") as pad:
        await pad.append("A line.\\n")
        async for event in pad:
            print(event.rev, pad.text)

With `connect(…, cursors=True)`, `Pad.cursors` says where the others have their cursors, a
`CursorsMoved` event says that some of them have moved, and `Pad.point` reports your own cursor to
the others.

`connect` opens a pad. `Collaborator` is the protocol without I/O. The client is strict where the
stock client is lenient: a revision that is not the next one raises an error, where the stock client
writes a line to the console.

Texts and positions are in UTF-16 code units, as in JavaScript. `to_units` and `from_units` of
`padfleet.easysync` convert ordinary strings to such texts and back. For text within the basic
plane, which has no emojis, the two are the same.
"""

from padfleet.shared.client.collaborator import Collaborator
from padfleet.shared.client.cursors import Cursor
from padfleet.shared.client.errors import (
    CannotConnect,
    ConnectionLost,
    Disconnected,
    EditRefused,
    EditsLost,
    OutOfRange,
    PadError,
    PadLeft,
    ProtocolError,
    TooLarge,
)
from padfleet.shared.client.events import Accepted, Changed, CursorsMoved, Event
from padfleet.shared.client.joining import connect, new_token
from padfleet.shared.client.line import PadUrl, Traffic
from padfleet.shared.client.pad import Pad
from padfleet.shared.client.splitting import split
from padfleet.shared.client.submission_size import SplitLimits

__all__ = [
    "Accepted",
    "CannotConnect",
    "Changed",
    "Collaborator",
    "ConnectionLost",
    "Cursor",
    "CursorsMoved",
    "Disconnected",
    "EditRefused",
    "EditsLost",
    "Event",
    "OutOfRange",
    "Pad",
    "PadError",
    "PadLeft",
    "PadUrl",
    "ProtocolError",
    "SplitLimits",
    "TooLarge",
    "Traffic",
    "connect",
    "new_token",
    "split",
]
