"""What every handler is given."""

from dataclasses import dataclass
from typing import Any

from padfleet.services.fanout.delivery.session import Session
from padfleet.services.fanout.errors import WrongType
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.requests.commits import Commits
from padfleet.services.fanout.requests.hooks import Hooks
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.settings import FanoutSettings


@dataclass(slots=True, frozen=True)
class RequestContext:
    """A message, who has sent it, and what it takes to serve it."""

    redis: Redis
    settings: FanoutSettings
    commits: Commits
    hooks: Hooks
    room: Room
    session: Session
    data: dict[str, Any]  #: the COLLABROOM's `data`

    def part(self, name: str) -> dict[str, Any]:
        """A field that has to be an object. Raises `WrongType`."""
        found = self.data.get(name)
        if not isinstance(found, dict):
            raise WrongType(f"{name} is not an object")
        return found
