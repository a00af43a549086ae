"""This module defines the witness of a pad: the little that Redis remembers of a pad that has left
for the cold store, so that a store that has gone back to an older copy is noticed. It is pure.

The witnesses of a partition are one hash. It has few fields, each with the records of many pads one
after the other (`lua/witness.lua`), so that a record needs hardly more memory than its own bytes.
"""

from hashlib import blake2b
from typing import NamedTuple

_NAME, _EPOCH, _EDITION, _HEAD, _CHAIN = 6, 7, 3, 4, 3
"""The bytes of each part of a record. They are also in `lua/witness.lua`."""

FIELDS = 128
"""In how many fields of the hash the records of a partition lie. With 100,000 pads in 64
partitions, a dozen records share a field and its overhead; with 10,000,000, a field has 30 KB,
which is read and written when one of its pads is frozen or opened."""

MOST_EPOCH = (1 << 8 * _EPOCH) - 1
"""Births are far below that, but the epoch of a backup may be any number."""

MOST_EDITION = (1 << 8 * _EDITION) - 1


def witness_key(pad: str) -> bytes:
    """Returns what a pad is called among the witnesses of its partition: the field, and six bytes.
    That two of a million pads have the same one, and the later one hides the other, is as likely as
    one in ten million."""
    digest = blake2b(pad.encode("utf-8", "surrogatepass"), digest_size=1 + _NAME).digest()
    return bytes([digest[0] % FIELDS]) + digest[1:]


class Witness(NamedTuple):
    """What the cold store had of a pad when it left Redis."""

    epoch: int
    head: int
    edition: int  #: 0 if an operator has accepted whatever the store has instead
    chain: bytes  #: the first bytes of the chain at the head

    @classmethod
    def of(cls, epoch: int, head: int, edition: int, chain: bytes) -> "Witness":
        """Returns the witness of a pad that is at this place."""
        return cls(min(epoch, MOST_EPOCH), head, min(edition, MOST_EDITION), chain[:_CHAIN])

    @property
    def accepted(self) -> bool:
        """Whether the store may have less than this."""
        return self.edition == 0

    def has_chain(self, chain: bytes) -> bool:
        """Returns whether this is the chain at the witness' head."""
        return chain[:_CHAIN] == self.chain

    def to_bytes(self) -> bytes:
        chain = self.chain.ljust(_CHAIN, b"\0")
        numbers = (self.epoch, _EPOCH), (self.edition, _EDITION), (self.head, _HEAD)
        return b"".join(number.to_bytes(size, "big") for number, size in numbers) + chain

    @classmethod
    def from_bytes(cls, data: bytes) -> "Witness | None":
        """Decodes a witness. Returns None if there is none."""
        if len(data) != _EPOCH + _EDITION + _HEAD + _CHAIN:
            return None
        epoch, rest = data[:_EPOCH], data[_EPOCH:]
        edition, rest = rest[:_EDITION], rest[_EDITION:]
        return cls(
            int.from_bytes(epoch, "big"),
            int.from_bytes(rest[:_HEAD], "big"),
            int.from_bytes(edition, "big"),
            rest[_HEAD:],
        )
