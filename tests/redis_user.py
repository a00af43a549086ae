"""The user of Redis that docs/redis.md gives a fleet, as the tests' server takes it."""

from padfleet.services.tools.up.binary import find_server
from tests.fleet import ROOT


def documented_user(name: str = "padfleet") -> str:
    """The line of docs/redis.md, from its own text: so it cannot be wrong there."""
    text = (ROOT / "docs" / "redis.md").read_text()
    (line,) = (line for line in text.splitlines() if line.startswith(f"user {name} on "))
    if find_server().version < (7, 2, 0):
        # As the text says beside it: an older server refuses a command that it does not know.
        line = line.replace(" +client|setinfo", "")
    return line
