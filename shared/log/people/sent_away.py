"""Who was sent away from a pad by an operator, and may not come back yet.

A key for each author and pad, which expires by itself. Its name is a hash: the keys say of nobody
where he was.
"""

from collections.abc import Iterable
from typing import Final

from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.connection.several import of_each
from padfleet.shared.log.keys import kept_out_key

KEPT_OUT_S: Final = 60
"""Seconds for which somebody who is sent away cannot come back, where nobody says otherwise."""

MOST_KEPT_OUT_S: Final = 86_400
"""Longer is what access control is for, which the author cannot get around."""


async def keep_out(redis: Redis, pad: str, authors: Iterable[str], seconds: int) -> None:
    """These authors cannot join the pad for so long. Raises what `UNREACHABLE` lists."""
    _ = await of_each(
        redis,
        list(set(authors)),
        lambda pipeline, author: pipeline.set(kept_out_key(pad, author), b"1", ex=seconds),
    )


async def is_kept_out(redis: Redis, pad: str, author: str) -> bool:
    return await redis.rush.get(kept_out_key(pad, author)) is not None
