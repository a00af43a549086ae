"""A client of the real-time protocol, for people, scripts and tests.

`collaborator` is the protocol without I/O, `line` one connection, `pad` brings them together. It is
strict where the stock client is lenient: a revision that is not the next one is an error, not a
line in a console.
"""

from shared.client.collaborator import Accepted, Changed, Collaborator, ProtocolError
from shared.client.line import Disconnected, PadError, PadUrl
from shared.client.pad import Pad, connect, new_token

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
