"""This module defines what a client that asks for a pad comes with."""

from dataclasses import dataclass
from typing import Any

from padfleet.services.fanout.delivery.session import SessionIdentity
from padfleet.services.fanout.presence.resume_token import ResumeToken
from padfleet.services.fanout.transport.outbound import Outbound


@dataclass(slots=True, frozen=True)
class ClientReady:
    """A CLIENT_READY, after it has become known who sends it."""

    exit: Outbound
    identity: SessionIdentity
    message: dict[str, Any]
    brought: str | ResumeToken | None = None
    """What its page has recorded about its last stay, see `resume_token`; or the stay itself, if
    this worker has seen it."""

    @property
    def comes_back(self) -> bool:
        return bool(self.message.get("reconnect"))
