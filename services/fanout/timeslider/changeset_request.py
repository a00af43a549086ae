"""This module reads a CHANGESET_REQ, and works out which part of it a pad can answer. Pure."""

from typing import Any, NamedTuple

from padfleet.services.fanout.errors import ClientError, WrongType

GRANULES = 100
"""How many granules an answer has at most, as in Etherpad."""

MOST_REVISIONS = 20_000
"""How many revisions one answer covers at most: twice what Etherpad's page asks for, and a second
of the helper's time. An answer with coarser granules has fewer granules."""


class ChangesetRequest(NamedTuple):
    start: int
    granularity: int
    request_id: Any


class Range(NamedTuple):
    """The range of granules in an answer, for the pad as it is now."""

    start: int
    granularity: int
    granules: int
    end: int  #: Etherpad's actualEndNum; its page needs it even if it is before `start`

    @property
    def last(self) -> int:
        """Returns the last revision that is part of a granule."""
        return self.start + self.granules * self.granularity - 1

    def cut(self, granules: int) -> "Range":
        """Returns the range of the first `granules` granules."""
        if granules == self.granules:
            return self
        end = self.start + granules * self.granularity
        return self._replace(granules=granules, end=end)


def parse(message: dict[str, Any]) -> ChangesetRequest:
    """Reads a request. Raises `ClientError`, with Etherpad's wording."""
    data = message.get("data")
    if not isinstance(data, dict):
        raise WrongType("data is not an object")
    granularity, start = _granularity(data.get("granularity")), _start(data.get("start"))
    request_id = data.get("requestID")
    if request_id is None:
        raise ClientError("mising requestID")  # Etherpad's spelling
    if not isinstance(request_id, str | int | float) or len(str(request_id)) > 100:
        raise WrongType("requestID is neither a number nor a short text")
    return ChangesetRequest(start, granularity, request_id)


def _granularity(value: Any) -> int:
    if value is None:
        raise ClientError("missing granularity")
    granularity = _integer(value)
    if granularity is None:
        raise ClientError("granularity is not an integer")
    if not 0 < granularity <= MOST_REVISIONS:
        raise ClientError(f"granularity is not between 1 and {MOST_REVISIONS}")
    return granularity


def _start(value: Any) -> int:
    if value is None:
        raise ClientError("missing start")
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ClientError("rev is not a number")
    if value < 0:
        raise ClientError("rev is not a negative number")
    start = _integer(value)
    if start is None:
        raise ClientError("rev is a float value")
    return start


def _integer(value: Any) -> int | None:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if type(value) is int else None


def granules_of(request: ChangesetRequest, head: int) -> Range:
    """Returns the part of the request that exists, in whole granules only."""
    size = request.granularity
    start = min(request.start, head)
    end = min(start + GRANULES * size, head + 1) // size * size
    wanted = Range(start, size, max(0, (end - start) // size), end)
    return wanted.cut(min(wanted.granules, MOST_REVISIONS // size))
