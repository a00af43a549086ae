"""This module names all keys in Redis.

All keys of one partition share one hash tag, so that one script call can use any of them. This
makes each partition a single slot of a Redis Cluster.
"""

import zlib
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from redis.crc import key_slot

SLOTS = 16384

WORKERS = "pf:workers"
WRITERS = "pf:writers"
CONFIG = "pf:config"

AUDIT = "pf:audit"
"""The key of the audit log."""

CANARY = "$canary"
"""The prefix of the ids of pads that workers use themselves, to see whether revisions flow. No
client can name such a pad, and its content does not matter."""


@lru_cache(maxsize=8)
def hash_tags(partitions: int) -> tuple[str, ...]:
    """Returns one hash tag per partition. Divided into as many equal ranges of slots as there are
    partitions, the i-th range holds the slot of partition i.

    A cluster gives each node a contiguous range of slots, so every node gets an equal share of the
    partitions, give or take one. Plain numbers as tags would not achieve that: of 128 partitions on
    six nodes, one node got 27 and another 15. The tags are found by counting upwards, so every
    process finds the same ones.
    """
    tags: list[str | None] = [None] * partitions
    missing, candidate = partitions, 0
    while missing:
        tag = format(candidate, "x")
        place = key_slot(tag.encode()) * partitions // SLOTS
        if tags[place] is None:
            tags[place] = tag
            missing -= 1
        candidate += 1
    return tuple(tag for tag in tags if tag is not None)


class PadKeys(NamedTuple):
    """The keys of one pad, with the pad's partition."""

    partition: int
    state: str
    channel: str
    revs: str
    meta: str
    snap: str
    chunks: str
    fences: str
    members: str
    seen: str
    seen_before: str
    chat: str
    saved: str
    witnesses: str  #: those of its partition

    @property
    def pad_id(self) -> str:
        """The id of the pad that these keys belong to."""
        return self.channel.partition(":pad:")[2]

    @property
    def deletable(self) -> tuple[str, ...]:
        """Every key that is deleted with the pad. `meta` is not among them, because it is kept as a
        tombstone."""
        return (
            self.revs,
            self.snap,
            self.chunks,
            self.fences,
            self.members,
            self.seen,
            self.seen_before,
            self.chat,
            self.saved,
        )


class Keyspace:
    """The keys of a fleet with a given number of partitions."""

    def __init__(self, partitions: int) -> None:
        self.partitions = partitions
        self._tags = hash_tags(partitions)
        self._inboxes = [self._inbox(partition) for partition in range(partitions)]
        self._of_inboxes = {name.encode(): number for number, name in enumerate(self._inboxes)}

    def partition_of(self, pad_id: str) -> int:
        return zlib.crc32(pad_id.encode()) % self.partitions

    def inbox(self, partition: int) -> str:
        return self._inboxes[partition]

    def _inbox(self, partition: int) -> str:
        return f"pf:{{{self._tags[partition]}}}:inbox"

    def partition_of_inbox(self, key: bytes) -> int:
        """Returns the partition whose inbox has this key."""
        return self._of_inboxes[key]

    def state(self, partition: int) -> str:
        return f"pf:{{{self._tags[partition]}}}:state"

    def unwritten(self, partition: int) -> str:
        """Returns the key of the sorted set of pads that were made by opening them, with the time
        of the last check of each."""
        return f"pf:{{{self._tags[partition]}}}:unwritten"

    def hot(self, partition: int) -> str:
        """Returns the key of the sorted set of pads whose changes the cold store may lack, with the
        time at which somebody was last seen on each. It is only used with a cold store."""
        return f"pf:{{{self._tags[partition]}}}:hot"

    def moving(self, partition: int) -> str:
        """Returns the key of the moves of pads between Redis and the cold store."""
        return f"pf:{{{self._tags[partition]}}}:moving"

    def witnesses(self, partition: int) -> str:
        """Returns the key of what the cold store had of each pad when it left Redis."""
        return f"pf:{{{self._tags[partition]}}}:witnesses"

    def parked(self, partition: int) -> str:
        """Returns the key of the entries of the inbox that the writer could not read, the newest
        last."""
        return f"pf:{{{self._tags[partition]}}}:parked"

    def staging(self, partition: int, token: str) -> str:
        """Returns the prefix of the keys for data that is stored temporarily, outside the pads of a
        partition; `token` is unique."""
        return f"pf:{{{self._tags[partition]}}}:staging:{token}"

    def pad(self, pad_id: str) -> PadKeys:
        partition = self.partition_of(pad_id)
        base = f"pf:{{{self._tags[partition]}}}:pad:{pad_id}"
        return PadKeys(
            partition,
            self.state(partition),
            base,
            f"{base}:revs",
            f"{base}:meta",
            f"{base}:snap",
            f"{base}:chunks",
            f"{base}:fences",
            f"{base}:members",
            f"{base}:seen",
            f"{base}:seen:before",
            f"{base}:chat",
            f"{base}:saved",
            self.witnesses(partition),
        )


def process_key(kind: str, process: str) -> str:
    """Returns the key of what a process of this kind ("worker" or "writer") reports about itself to
    those who look at the fleet. A worker and a writer may have the same id, such as that of their
    machine."""
    return f"pf:process:{kind}:{process}"


def claim_key(kind: str, name: str) -> str:
    """Returns the key that says which process has this name. It exists for as long as the process
    is alive."""
    return f"pf:name:{kind}:{name}"


def author_key(author_id: str) -> str:
    return f"pf:author:{author_id}"


def token_key(token_hash: str) -> str:
    return f"pf:token:{token_hash}"


def kept_out_key(pad_id: str, author_id: str) -> str:
    # Both ids may contain colons, but a pad's id never contains a line feed.
    hashed = sha256(f"{pad_id}\n{author_id}".encode()).hexdigest()
    return f"pf:kept-out:{hashed}"


def read_only_key(read_only_id: str) -> str:
    return f"pf:readonly:{read_only_id}"


def author_pads_key(author_id: str) -> str:
    return f"pf:author-pads:{author_id}"


GROUPS = "pf:groups"


def group_key(group_id: str) -> str:
    return f"pf:group:{group_id}"


def group_sessions_key(group_id: str) -> str:
    return f"pf:group-sessions:{group_id}"


def author_sessions_key(author_id: str) -> str:
    return f"pf:author-sessions:{author_id}"


def session_key(session_id: str) -> str:
    return f"pf:session:{session_id}"


def mapper_key(kind: str, mapper: str) -> str:
    """Returns the key of the id that stands for another system's name: `kind` is ``author`` or
    ``group``, and `mapper` is the name in the other system."""
    return f"pf:mapper:{kind}:{mapper}"
