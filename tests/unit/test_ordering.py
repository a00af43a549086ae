"""Names in order, however many."""

from __future__ import annotations

import tracemalloc
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.shared.ordering import OrderedNames


@given(st.lists(st.text(st.characters(codec=None), max_size=5)), st.integers(1, 7))
def test_all_names_come_in_order_also_odd_ones_and_those_that_come_twice(
    names: list[str], run: int
) -> None:
    with closing(OrderedNames(run=run)) as ordered:
        for name in names:
            ordered.add(name)
        assert list(ordered) == sorted(names)


def test_it_holds_a_part_of_them_only() -> None:
    tracemalloc.start()
    try:
        with closing(OrderedNames(run=1_000)) as ordered:
            for number in range(50_000):
                ordered.add(f"{number * 7919 % 50_000:050}")
            count, before = 0, ""
            for name in ordered:
                assert name > before
                count, before = count + 1, name
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 50_000
    assert most < 3 << 20, "all of them would be 5 MB"


def test_a_disk_that_takes_nothing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.pwrite", full)
    with closing(OrderedNames(run=2)) as ordered:
        ordered.add("a")
        with pytest.raises(OSError, match="No space"):
            ordered.add("b")
