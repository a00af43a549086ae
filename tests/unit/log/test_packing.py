"""What is stored is packed by one packer in each thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from padfleet.shared.log import records
from padfleet.shared.log.records import KEPT_BYTES, pack, unpack


@pytest.mark.parametrize("bad", [["x", object()], {"x": [1, object()]}, 1 << 70])
def test_a_value_that_cannot_be_packed_leaves_nothing_in_the_next_one(bad: Any) -> None:
    with pytest.raises((TypeError, OverflowError)):
        pack(bad)
    assert unpack(pack(["a", 1])) == ["a", 1]


def test_threads_share_no_packer() -> None:
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(lambda: records._packers.packer).result()
    assert other is not records._packers.packer


def test_a_long_value_is_not_kept_in_memory() -> None:
    before = records._packers.packer
    assert len(pack("x" * KEPT_BYTES)) > KEPT_BYTES
    assert records._packers.packer is not before
    assert unpack(pack("short")) == "short"
