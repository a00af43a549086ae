"""Frames that a room's sessions share: as many as are of use, and no more bytes than may be."""

from __future__ import annotations

from padfleet.services.fanout.pads import collabroom
from padfleet.services.fanout.pads.collabroom import CACHE_BYTES, CACHE_SIZE, Frames
from padfleet.services.fanout.pads.steps import NewChanges
from tests.unit.fanout.revisions import revision


def kept(shared: Frames, count: int, padding: int) -> int:
    """Makes `count` frames and asks for them again, newest first. Returns how many were still the
    same."""
    steps = [NewChanges(revision(rev, padding=padding)) for rev in range(count)]
    made = [shared.of(step) for step in steps]
    again = 0
    for step, frame in zip(reversed(steps), reversed(made), strict=True):
        if shared.of(step) is not frame:
            return again
        again += 1
    return again


def test_sessions_at_the_same_place_take_the_same_frame() -> None:
    assert kept(Frames(), CACHE_SIZE, 0) == CACHE_SIZE
    assert kept(Frames(), CACHE_SIZE + 1, 0) == CACHE_SIZE


def test_I6_long_frames_are_kept_up_to_a_number_of_bytes() -> None:
    padding = CACHE_BYTES // 10
    assert kept(Frames(), 50, padding) == 9
    assert kept(Frames(), 3, 2 * CACHE_BYTES) == 1


def test_after_a_new_beginning_nothing_of_before_counts() -> None:
    shared = Frames()
    kept(shared, 50, CACHE_BYTES // 10)
    shared.clear()
    assert kept(shared, 50, CACHE_BYTES // 10) == 9
    assert (
        shared.of(NewChanges(revision(0))).websocket
        == collabroom.new_changes(revision(0)).websocket
    )
