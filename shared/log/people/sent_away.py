"""This module stores which authors an operator has sent away from a pad and who may not come back
yet.

There is one key for each author and pad, which expires by itself. Its name is a hash, so that the
keys do not reveal which pads an author was on.
"""

from collections.abc import Generator, Iterable
from typing import Any, Final

from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.connection.several import of_each
from padfleet.shared.log.keys import kept_out_key

KEPT_OUT_S: Final = 60
"""How many seconds an author who was sent away cannot come back, by default."""

MOST_KEPT_OUT_S: Final = 86_400
"""The maximum number of seconds that an author may be kept out. For longer times there is access
control, which the author cannot get around."""


async def keep_out(redis: Redis, pad: str, authors: Iterable[str], seconds: int) -> None:
    """Keeps these authors from joining the pad for some `seconds`. Raises what `UNREACHABLE`
    lists."""
    _ = await of_each(
        redis,
        list(set(authors)),
        lambda pipeline, author: pipeline.set(kept_out_key(pad, author), b"1", ex=seconds),
    )


class KeptOut:
    """The question whether an author may not come back to a pad yet. It is asked at once; awaiting
    it returns the answer."""

    __slots__ = ("_asking",)

    def __init__(self, redis: Redis, pad: str, author: str) -> None:
        self._asking = redis.auto_pipeline.ask("GET", kept_out_key(pad, author))

    def __await__(self) -> Generator[Any, None, bool]:
        return (yield from self._asking.__await__()) is not None
