"""Where canaries fly."""

import pytest

from services.fanout.canary import canary_pad
from shared.bounds import is_pad_id
from shared.log.keys import Keyspace


@pytest.mark.parametrize("partition", range(8))
def test_each_partition_has_a_pad_that_no_client_can_name(partition: int) -> None:
    keyspace = Keyspace(8)
    pad = canary_pad(keyspace, partition)
    assert keyspace.partition_of(pad) == partition
    assert pad == canary_pad(Keyspace(8), partition), "the same for every worker"
    assert not is_pad_id(pad)
