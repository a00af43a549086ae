"""Defines what every function of the API is given, and how it refuses a call."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple

from padfleet.services.web.api.conversion import Conversion
from padfleet.services.web.api.errors import ApiError
from padfleet.shared.cold.opening import cold_of
from padfleet.shared.deeds.noting import noted
from padfleet.shared.deeds.pads import PadDeeds
from padfleet.shared.log.changes.edits import Edits
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.fleet.audit import Doer
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.past import Pools
from padfleet.shared.settings import FanoutSettings

__all__ = ["Api", "ApiError", "Fields", "JsonAnswer", "StreamedAnswer"]


class JsonAnswer(NamedTuple):
    """Data of an answer that is already encoded as JSON."""

    text: bytes


class StreamedAnswer(NamedTuple):
    """An answer in pieces, each of which is made when the one before has been sent."""

    pieces: AsyncIterator[bytes]


Fields = dict[str, Any]
"""The parameters of a call, by name; texts are code-unit strings. In a query or a form all values
are texts; in JSON they keep their types."""


@dataclass(frozen=True, slots=True)
class Api:
    redis: Redis
    keyspace: Keyspace
    settings: FanoutSettings
    edits: Edits
    pools: Pools
    conversion: Conversion
    caller: Doer  #: on whose behalf a function is called

    @property
    def deeds(self) -> PadDeeds:
        """Deeds on whole pads, which are recorded in the audit log."""
        return PadDeeds(self.redis, self.keyspace, cold_of(self.redis), self.edits, self.caller)

    def noting(
        self, deed: str, subject: str, **details: Any
    ) -> AbstractAsyncContextManager[dict[str, Any]]:
        """Records anything else in the audit log, as a context manager; see
        `shared.deeds.noting`."""
        return noted(self.redis, self.caller, deed, subject, refusals=(ApiError,), **details)
