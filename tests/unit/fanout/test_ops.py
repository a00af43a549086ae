"""Tests that a changeset of very many operations is refused before it is processed."""

from __future__ import annotations

import pytest

from padfleet.services.fanout.requests.commits import MOST_OPS, _parse
from padfleet.shared.easysync.effort import count_ops

POOL = {"numToAttrib": {}, "nextNum": 0}


@pytest.mark.parametrize(
    ("changeset", "count"),
    [("Z:1>0$", 0), ("Z:1>1*0+1$x", 1), ("Z:5<1=2-1*0|1+2$+-", 3), ("Z:1>1", 0), ("+-=", 3)],
)
def test_operations_are_counted_and_not_what_is_inserted(changeset: str, count: int) -> None:
    assert count_ops(changeset) == count


def test_more_than_anybody_pastes_is_refused() -> None:
    def said(ops: int) -> dict[str, object]:
        return {"baseRev": 0, "changeset": f"Z:1>0{'=1' * ops}$", "apool": POOL}

    assert _parse(said(MOST_OPS))[0] == 0
    with pytest.raises(ValueError, match="operations"):
        _parse(said(MOST_OPS + 1))
