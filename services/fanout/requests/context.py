"""This module defines what every handler of a message is given."""

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
    """A message, its sender, and what it takes to serve it."""

    redis: Redis
    settings: FanoutSettings
    commits: Commits
    hooks: Hooks
    room: Room
    session: Session
    data: dict[str, Any]  #: the `data` of the COLLABROOM message

    def part(self, name: str) -> dict[str, Any]:
        """Returns the field `name`, which has to be an object. Raises `WrongType` if it is not."""
        found = self.data.get(name)
        if not isinstance(found, dict):
            raise WrongType(f"{name} is not an object")
        return found
