"""What a writer has made of a pad is handed out only where it is certainly what is stored."""

from __future__ import annotations

import pytest

from padfleet.services.writer.pads import uncopied as module
from padfleet.services.writer.pads.uncopied import UncopiedRevisions
from padfleet.shared.cold.rows import records_of
from tests.integration.archive.made_pad import written

HISTORY = written(40)


def made(first: int = 10, last: int = 39) -> UncopiedRevisions:
    found = UncopiedRevisions(first - 1, HISTORY[first - 1].chain)
    for revision in HISTORY[first : last + 1]:
        found.add(revision)
    return found


def between(of: UncopiedRevisions, first: int, last: int) -> list[bytes] | None:
    rows = of.between(first, last, HISTORY[first - 1].chain, HISTORY[last].chain)
    return None if rows is None else records_of(rows)


def test_I1_it_has_the_records_that_are_stored() -> None:
    found = made()
    records = [revision.to_record() for revision in HISTORY]
    assert between(found, 10, 39) == records[10:]
    assert between(found, 20, 25) == records[20:26]
    assert (
        records_of([(r.author, r.time, "", 0, r.chain, r.wire) for r in HISTORY[:1]])
        == (records[:1])
    )


@pytest.mark.parametrize(("first", "last"), [(9, 20), (5, 9), (30, 40), (20, 19)])
def test_I1_what_is_not_all_there_is_read_elsewhere(first: int, last: int) -> None:
    history = [*HISTORY, HISTORY[-1]]
    assert made().between(first, last, history[first - 1].chain, history[last].chain) is None


@pytest.mark.parametrize(("before", "chain"), [(9, 38), (8, 39)])
def test_I1_another_history_is_read_elsewhere(before: int, chain: int) -> None:
    """Another writer has had the partition meanwhile, or a fail-over has taken commits back."""
    assert made().between(10, 39, HISTORY[before].chain, HISTORY[chain].chain) is None


def test_what_has_been_copied_is_dropped() -> None:
    found = made()
    found.copied(20)
    assert between(found, 20, 25) is None
    assert between(found, 21, 39) == [revision.to_record() for revision in HISTORY[21:]]
    found.copied(39)
    found.copied(12)  # a copy that was slow
    assert between(found, 39, 39) is None


def test_I1_it_begins_anew_after_a_gap() -> None:
    found = made(last=20)
    for revision in HISTORY[25:]:
        found.add(revision)
    assert between(found, 10, 20) is None
    assert between(found, 26, 39) == [revision.to_record() for revision in HISTORY[26:]]


@pytest.mark.parametrize(("limit", "value"), [("MOST_REVISIONS", 20), ("MOST_BYTES", 4000)])
def test_I6_a_store_that_does_not_answer_does_not_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(module, limit, value)
    found = made()
    assert between(found, 10, 39) is None
    assert between(found, 39, 39) is not None
