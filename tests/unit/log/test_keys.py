"""Tests the key layout: keys that belong together share a slot, and the slots are evenly
distributed."""

from collections import Counter

import pytest
from redis.crc import key_slot

from padfleet.shared.log.keys import SLOTS, Keyspace, hash_tags


@pytest.mark.parametrize("partitions", [1, 32, 128, 1000])
@pytest.mark.parametrize("nodes", [3, 6, 7])
def test_partitions_spread_evenly_over_a_cluster(partitions: int, nodes: int) -> None:
    """Numbers as tags put 27 of 128 partitions on one of six nodes and 15 on another."""
    tags = hash_tags(partitions)
    assert len(set(tags)) == partitions
    per_node = Counter(key_slot(tag.encode()) * nodes // SLOTS for tag in tags)
    counts = [per_node[node] for node in range(nodes)]
    assert max(counts) - min(counts) <= 2


@pytest.mark.parametrize("pad_id", ["hello", "mit Leerzeichen", "{evil}", "pad:revs", "漢字", "😀"])
def test_all_keys_of_a_pad_and_its_partition_share_a_slot(pad_id: str) -> None:
    keyspace = Keyspace(32)
    keys = keyspace.pad(pad_id)
    inbox, state = keyspace.inbox(keys.partition), keyspace.state(keys.partition)
    names = [inbox, state, keys.channel, keys.meta, *keys.deletable]
    assert len({key_slot(name.encode()) for name in names}) == 1
    assert len(set(names)) == len(names)
