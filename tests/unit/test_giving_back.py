"""Tests how a pad of an Etherpad compares with the fleet's pad that would be exported to it."""

from __future__ import annotations

import pytest

from padfleet.services.tools.export.etherpad import PadState, Standing, standing

HERE = PadState(head=20, time=2000, chats=3, saved=2)


@pytest.mark.parametrize(
    ("there", "time_of_theirs", "found"),
    [
        (None, None, "missing"),
        (HERE, 2000, "same"),
        (PadState(12, 1200, 1, 1), 1200, "behind"),
        (PadState(20, 2000, 1, 2), 2000, "behind"),  # chat alone
        (PadState(20, 2000, 3, 1), 2000, "behind"),  # a saved revision alone
        (PadState(12, 1234, 1, 1), 1200, "gone on"),  # as many revisions, but others
        (PadState(21, 2100, 3, 2), None, "gone on"),
        (PadState(12, 1200, 4, 1), 1200, "gone on"),  # somebody has said something there
        (PadState(12, 1200, 1, 3), 1200, "gone on"),
    ],
)
def test_only_a_beginning_may_be_put_over(
    there: PadState | None, time_of_theirs: int | None, found: Standing
) -> None:
    assert standing(there, HERE, time_of_theirs) == found
