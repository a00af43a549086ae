"""Tests that the cold store hears of each new pad, whatever becomes of the answer to its commit."""

from __future__ import annotations

from typing import Any

import pytest

from padfleet.services.writer.storing.committer import Committer
from padfleet.shared.log.pad import moving
from tests.integration.cold.scene import Scene
from tests.integration.writer.test_heavy import BUSY, Partition
from tests.integration.writer.test_heavy import neighbour as neighbour
from tests.integration.writer.test_heavy import partition as partition


async def test_a_pad_whose_commit_seemed_to_fail_is_known_to_the_cold_store(
    partition: Partition, neighbour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer goes on under another term, and finds that the pad is there."""
    _ = Scene(partition.redis, partition.keyspace)  # there is a cold store
    processor = partition.processor()
    commit = Committer.commit

    async def unheard(self: Committer, *args: Any) -> Any:
        _ = await commit(self, *args)
        raise ConnectionError("the answer got lost")

    with monkeypatch.context() as patch:
        patch.setattr(Committer, "commit", unheard)
        with pytest.raises(ConnectionError):
            await partition.settle(processor, await partition.lease("me"))
    assert await partition.has_head(BUSY, 0)
    lease = await partition.lease("me")
    await partition.put(neighbour, "somebody", 1)
    await partition.settle(processor, lease)
    hot = await moving.hot_pads(partition.redis, partition.keyspace, partition.number)
    assert sorted(hot) == sorted([BUSY, neighbour])
