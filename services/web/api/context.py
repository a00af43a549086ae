"""What every function of the API is given, and how it says no."""

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

__all__ = ["Api", "ApiError", "Fields", "Json", "Pieces"]


class Json(NamedTuple):
    """Data of an answer that has been written as JSON already."""

    text: bytes


class Pieces(NamedTuple):
    """An answer in pieces, each of which is made when the one before has been taken."""

    pieces: AsyncIterator[bytes]


Fields = dict[str, Any]
"""The parameters of a call, by name; texts are code-unit strings. From a query or a form all are
texts, from JSON they are what they are there."""


@dataclass(frozen=True, slots=True)
class Api:
    redis: Redis
    keyspace: Keyspace
    settings: FanoutSettings
    edits: Edits
    pools: Pools
    conversion: Conversion
    caller: Doer  #: for whom a function is called

    @property
    def deeds(self) -> PadDeeds:
        """What is done to whole pads, and stands in the audit log."""
        return PadDeeds(self.redis, self.keyspace, cold_of(self.redis), self.edits, self.caller)

    def noting(
        self, deed: str, subject: str, **details: Any
    ) -> AbstractAsyncContextManager[dict[str, Any]]:
        """Around what is to stand in the audit log besides; see `shared.deeds.noting`."""
        return noted(self.redis, self.caller, deed, subject, refusals=(ApiError,), **details)
