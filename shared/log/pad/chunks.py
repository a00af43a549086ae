"""This module encodes chunks: the old revisions of a pad, a thousand together and compressed.

It is pure and independent of the Redis library, for code that is given chunks and does not read
them.
"""

import zlib
from collections.abc import Sequence
from typing import Any

from padfleet.shared.log.records import Revision, pack, unpack

CHUNK_REVISIONS = 1000
"""The number of revisions in one compressed chunk. This is part of the storage format: chunk n
holds the revisions from n * CHUNK_REVISIONS on, so a revision's chunk is known without a search."""


def encode_chunk(revisions: Sequence[Revision]) -> bytes:
    """Compresses the revisions of one whole chunk, to about a tenth of what they take in the
    stream."""
    records: list[Any] = [unpack(revision.to_record()) for revision in revisions]
    return zlib.compress(pack(records), 6)


def decode_chunk(number: int, blob: bytes) -> list[Revision]:
    start = number * CHUNK_REVISIONS
    records = unpack(zlib.decompress(blob))
    return [Revision.from_fields(start + i, fields) for i, fields in enumerate(records)]
