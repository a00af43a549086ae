"""padfleet: the real-time tier of Etherpad, spread over machines.

For programs that write on pads, this is all of it:

    import padfleet

    async with padfleet.connect("http://127.0.0.1:9001/p/hello", name="A script") as pad:
        await pad.append("A line.\\n")
        async for event in pad:
            print(event.rev, pad.text)

`padfleet.easysync` is Etherpad's changeset algebra as pure functions, and `padfleet.hooks` has the
types for code that takes part in a worker. Everything below `padfleet.services` and
`padfleet.shared` is the fleet itself, and changes without notice.

Names are imported when they are first used: each process of a fleet imports this package, and most
have no use for a client.
"""

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from padfleet.shared.client import (
        Accepted,
        Changed,
        Collaborator,
        ConnectionLost,
        Cursor,
        CursorsMoved,
        Disconnected,
        EditRefused,
        EditsLost,
        Event,
        OutOfRange,
        Pad,
        PadError,
        PadUrl,
        ProtocolError,
        TooLarge,
        Traffic,
        connect,
        new_token,
    )

__version__: Final = "0.1.0"

__all__ = [
    "Accepted",
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
    "PadUrl",
    "ProtocolError",
    "TooLarge",
    "Traffic",
    "__version__",
    "connect",
    "new_token",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from padfleet.shared import client

    globals()[name] = value = getattr(client, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
