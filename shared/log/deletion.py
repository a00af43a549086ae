"""Deletion tokens: with one, a pad's creator can delete it although the browser forgot who he is.

Only a hash is stored, and under the pad's epoch, so that it is good for this pad alone and not for
one that gets the same name later.
"""

import hmac
import secrets
from hashlib import sha256

from padfleet.shared.log.connect import Redis
from padfleet.shared.log.keys import PadKeys


def deletion_field(epoch: int) -> str:
    """The field of the meta hash that holds the token of this epoch."""
    return f"deletion:{epoch}"


def _hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest().encode()


async def make_deletion_token(redis: Redis, keys: PadKeys, epoch: int) -> str | None:
    """A new token, 64 hex digits; None if the pad has one, which nobody can be told again."""
    token = secrets.token_hex(32)
    pipeline = redis.client.pipeline(transaction=False)
    _ = pipeline.hsetnx(keys.meta, deletion_field(epoch), _hash(token).decode())
    # Not what HSETNX says: repeated after a lost answer, it would say that another was first.
    _ = pipeline.hget(keys.meta, deletion_field(epoch))
    _, stored = await pipeline.execute()
    return token if stored == _hash(token) else None


async def is_deletion_token(redis: Redis, keys: PadKeys, epoch: int, token: str) -> bool:
    """Whether this is the token that was made for the pad."""
    stored: bytes | None = await redis.rush.hget(keys.meta, deletion_field(epoch))
    return stored is not None and hmac.compare_digest(stored, _hash(token))
