"""A client of the real-time protocol, for people, scripts and tests.

`collaborator` is the protocol without I/O, `pad` the driver around it. It is strict where the stock
client is lenient: a revision that is not the next one is an error, not a line in a console.
"""

from shared.client.collaborator import Accepted, Changed, Collaborator, ProtocolError
from shared.client.pad import Disconnected, Pad, PadError, PadUrl, connect, new_token

__all__ = [
    "Accepted",
    "Changed",
    "Collaborator",
    "Disconnected",
    "Pad",
    "PadError",
    "PadUrl",
    "ProtocolError",
    "connect",
    "new_token",
]
