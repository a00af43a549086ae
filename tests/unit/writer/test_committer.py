"""Tests what the calls that store a batch say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from padfleet.services.writer.pads.pad import WriterPad
from padfleet.services.writer.storing.committer import TRIM_EVERY, Committer
from padfleet.services.writer.storing.pad_batch import PadBatch
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.outcomes import Outcome
from padfleet.shared.log.records import Origin

KEYSPACE = Keyspace(4)


class Hot:
    """Keeps the commands."""

    def __init__(self) -> None:
        self.commands: list[Any] = []

    def post(self, commands: list[Any]) -> None:
        self.commands += commands

    def trims(self) -> list[bool]:
        """Returns of each call since the last look whether it trims the inbox."""
        calls, self.commands = self.commands, []
        return ["trim" in call for call in calls]


def test_a_partition_is_trimmed_whenever_a_node_of_its_inbox_has_been_settled() -> None:
    hot = Hot()
    redis, replicas = SimpleNamespace(hot=hot), SimpleNamespace(wanted=0)
    committer = Committer(cast("Any", redis), KEYSPACE, cast("Any", replicas), 3000)
    pad = WriterPad(1)

    def settle(partition: int, entries: int) -> None:
        outcomes = [Outcome(Origin("s", n), "accepted", 0) for n in range(entries)]
        work = PadBatch(KEYSPACE.pad("pad"), pad, None, outcomes=outcomes)
        lease = Lease(partition, 1, "0-0", "reign")
        committer.post([(lease, "1-0", {"pad": work})])

    for _ in range(2 * TRIM_EVERY):
        settle(1, 1)
        settle(2, TRIM_EVERY)
    of_one, of_two = (trims := hot.trims())[::2], trims[1::2]
    assert [at + 1 for at, trimmed in enumerate(of_one) if trimmed] == [TRIM_EVERY, 2 * TRIM_EVERY]
    assert all(of_two)
