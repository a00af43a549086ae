"""Tests where canaries fly."""

import pytest

from padfleet.services.fanout.delivery.session import new_session_id
from padfleet.services.fanout.ops.canary import canary_changeset, canary_pad
from padfleet.services.fanout.ops.flights import LOOK_BACK, MOST, Flights
from padfleet.shared.bounds import is_pad_id
from padfleet.shared.easysync import AttributePool
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.records import Origin


@pytest.mark.parametrize("partition", range(8))
def test_each_partition_has_a_pad_that_no_client_can_name(partition: int) -> None:
    keyspace = Keyspace(8)
    pad = canary_pad(keyspace, partition)
    assert keyspace.partition_of(pad) == partition
    assert pad == canary_pad(Keyspace(8), partition), "the same for every worker"
    assert not is_pad_id(pad)


def test_one_that_is_lost_flies_by_the_next_partition_and_looks_back_after_a_while() -> None:
    flights = Flights([3, 5, 6])
    assert flights.partition == flights.first == 3
    flights.came_back(1.0)
    assert (flights.partition, flights.lost) == (3, "")
    flights.was_lost("stood still", 2.0)
    assert (flights.partition, flights.lost) == (5, "stood still")
    flights.came_back(3.0)
    assert (flights.partition, flights.lost) == (5, "stood still")
    flights.was_lost("elsewhere", 4.0)
    assert (flights.partition, flights.lost) == (6, "stood still"), "what is wrong with the first"
    flights.came_back(2.0 + LOOK_BACK)
    assert (flights.partition, flights.lost) == (3, "stood still")
    flights.was_lost("stands still yet", 30.0)
    assert (flights.partition, flights.lost) == (5, "stands still yet")
    flights.came_back(30.0 + LOOK_BACK)
    flights.came_back(31.0 + LOOK_BACK)
    assert (flights.partition, flights.lost) == (3, "")


def test_where_all_are_lost_the_first_one_comes_again() -> None:
    flights = Flights(range(100))
    tried = []
    for moment in range(MOST + 1):
        tried.append(flights.partition)
        flights.was_lost("lost", float(moment))
    assert tried == [0, 1, 2, 3, 0]


def test_a_server_with_one_partition_has_no_other() -> None:
    flights = Flights([7])
    flights.was_lost("lost", 1.0)
    assert (flights.partition, flights.lost) == (7, "lost")
    flights.came_back(2.0)
    assert flights.lost == ""


def test_partitions_that_have_gone_to_another_server_are_not_tried_any_more() -> None:
    flights = Flights([0, 1, 2])
    flights.was_lost("lost", 1.0)
    flights.are_of([0, 1, 2])
    assert (flights.partition, flights.lost) == (1, "lost")
    flights.are_of([0, 2])
    assert (flights.partition, flights.lost) == (0, "")
    flights.was_lost("lost", 2.0)
    assert flights.partition == 2


def test_I10_simultaneous_canaries_of_two_workers_are_not_taken_for_repetitions() -> None:
    """They have one author, and the writer makes no revision of what an author sends twice."""
    origins = [Origin(new_session_id(), 1) for _ in range(20)]
    assert len({canary_changeset("\n", origin, AttributePool()) for origin in origins}) == 20
