"""Returns the Redis user that docs/redis.md gives a fleet, in a form that the tests' server
accepts."""

from padfleet.services.tools.up.binary import find_server
from tests.fleet import ROOT


def documented_user(name: str = "padfleet") -> str:
    """Returns the line of docs/redis.md, from the page's own text, so that the tests check the
    page."""
    text = (ROOT / "docs" / "redis.md").read_text()
    (line,) = (line for line in text.splitlines() if line.startswith(f"user {name} on "))
    if find_server().version < (7, 2, 0):
        # As the page says, an older server refuses a command that it does not know.
        line = line.replace(" +client|setinfo", "")
    return line
