"""Tests which part of a history two reigns share."""

from padfleet.shared.log.reigns import Reign, entered, parse, server_of, shared_up_to

RECORD = "first:-1 second:40 third:90"


def test_under_the_present_reign_everything_is_shared() -> None:
    assert shared_up_to(parse(RECORD), "third") is None


def test_I5_an_earlier_reign_shares_only_what_the_next_one_began_with() -> None:
    """What the present reign began with does not count, since 41…90 may be the second reign's
    own."""
    assert shared_up_to(parse(RECORD), "first") == 40
    assert shared_up_to(parse(RECORD), "second") == 90


def test_I5_a_reign_that_is_not_on_record_shares_nothing() -> None:
    """Its record was lost with what was written under it."""
    assert shared_up_to(parse(RECORD), "lost") == -1
    assert shared_up_to([], "lost") == -1


def test_a_new_reign_begins_with_the_head_that_it_finds() -> None:
    reigns = entered(parse(RECORD), "fourth", 120)
    assert reigns[-1] == Reign("fourth", 120)
    assert entered(reigns, "fourth", 130) == reigns
    assert shared_up_to(reigns, "third") == 120


def test_I5_one_name_for_two_reigns_shares_only_what_is_certain_of_both() -> None:
    """Earlier releases wrote such records when a slot came back to a node."""
    assert shared_up_to(parse("here:-1 there:1 here:2"), "here") == 1
    assert shared_up_to(parse("here:-1 there:1 here:2"), "there") == 2


def test_I5_what_was_lost_later_is_not_shared_either() -> None:
    assert shared_up_to(parse("first:-1 second:40 third:30"), "first") == 30


def test_a_server_has_several_reigns() -> None:
    assert server_of("9f") == server_of("9f.3") == "9f"
