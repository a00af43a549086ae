"""This module handles deletion tokens: with one, a pad's creator can delete it even if the browser
has forgotten who they are.

Only a hash is stored, under the pad's epoch, so that the token works only for this pad and not for
a later one of the same name.
"""

import hmac
import secrets
from hashlib import sha256

from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import PadKeys


def deletion_field(epoch: int) -> str:
    """Returns the field of the meta hash that holds the token's hash for this epoch."""
    return f"deletion:{epoch}"


def _hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest().encode()


async def make_deletion_token(redis: Redis, keys: PadKeys, epoch: int) -> str | None:
    """Makes a new token of 64 hex digits. Returns None if the pad already has one, which cannot be
    shown again."""
    token = secrets.token_hex(32)
    pipeline = redis.client.pipeline(transaction=False)
    _ = pipeline.hsetnx(keys.meta, deletion_field(epoch), _hash(token).decode())
    # The reply to HSETNX is not used: after a lost answer, it would say that another call was
    # first.
    _ = pipeline.hget(keys.meta, deletion_field(epoch))
    _, stored = await pipeline.execute()
    return token if stored == _hash(token) else None


async def is_deletion_token(redis: Redis, keys: PadKeys, epoch: int, token: str) -> bool:
    """Returns whether this is the token that was made for the pad."""
    stored: bytes | None = await redis.auto_pipeline.hget(keys.meta, deletion_field(epoch))
    return stored is not None and hmac.compare_digest(stored, _hash(token))
