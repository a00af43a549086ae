"""What every function of the API is given, and how it says no."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from padfleet.services.web.api.conversion import Conversion
from padfleet.services.web.api.errors import ApiError
from padfleet.shared.log.connect import Redis
from padfleet.shared.log.edits import Edits
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.past import Pools
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
