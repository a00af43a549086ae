"""Tests a pad's history in granules: the answer to each request, and that it leads to the stated
revision."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from padfleet.services.fanout.errors import ClientError
from padfleet.services.fanout.timeslider.changeset_request import (
    MOST_REVISIONS,
    ChangesetRequest,
    Range,
    granules_of,
    parse,
)
from padfleet.services.fanout.timeslider.granules import BLANK, Keyframe, Player, compose_all
from padfleet.services.fanout.timeslider.job import (
    KEYFRAME_EVERY,
    HistoryAnswer,
    HistoryJob,
    StoredPart,
    work,
)
from padfleet.services.fanout.timeslider.shelf import Shelf
from padfleet.services.writer.pads.pad import encode_wire
from padfleet.shared.easysync import (
    AText,
    AttributePool,
    apply_to_atext,
    compose,
    make_atext,
    move_ops_to_new_pool,
    to_units,
)
from padfleet.shared.log.pad.chunks import CHUNK_REVISIONS, encode_chunk
from padfleet.shared.log.records import Revision
from tests.histories import lived_in
from tests.recordings import recorded


def job(
    revisions: Sequence[Revision], start: int, size: int, *, begin: Keyframe = BLANK
) -> HistoryJob:
    wanted = granules_of(ChangesetRequest(start, size, 1), len(revisions) - 1)
    records = [revision.to_record() for revision in revisions[begin.rev + 1 :]]
    part = (begin.rev + 1, None, records)
    return HistoryJob(begin, [part], wanted.last, start, size, wanted.granules, wanted.end, 60)


def data_of(answer: HistoryAnswer) -> dict[str, Any]:
    assert answer.fault == ""
    found: dict[str, Any] = json.loads(b"{%b}" % answer.data)
    return found


class Reader:
    """Plays revisions one after the other, by the plain functions."""

    def __init__(self, revisions: Sequence[Revision]) -> None:
        self.pool = AttributePool()
        self.at: dict[int, AText] = {-1: make_atext("\n")}
        for revision in revisions:
            data = json.loads(revision.wire)
            pool = AttributePool.from_jsonable(data["apool"])
            change = move_ops_to_new_pool(units(data["changeset"]), pool, self.pool)
            self.at[revision.rev] = apply_to_atext(change, self.at[revision.rev - 1], self.pool)

    def follows(self, data: dict[str, Any]) -> int:
        """Goes all the way forwards and back again; how many granules there were."""
        pool, size = AttributePool.from_jsonable(data["apool"]), data["granularity"]
        forwards, backwards = data["forwardsChangesets"], data["backwardsChangesets"]
        assert len(forwards) == len(backwards) == len(data["timeDeltas"])
        rev = data["start"] - 1
        for there, back in zip(forwards, backwards, strict=True):
            before, after = self.at[rev], self.at[rev + size]
            there, back = (move_ops_to_new_pool(units(cs), pool, self.pool) for cs in (there, back))
            assert apply_to_atext(there, before, self.pool) == after
            returned = apply_to_atext(back, after, self.pool)
            assert returned.text == before.text
            rev += size
        assert rev == data["actualEndNum"] - 1
        return len(forwards)


def units(text: str) -> str:
    return to_units(text)


@cache
def history() -> list[Revision]:
    return lived_in(400)


@cache
def reader() -> Reader:
    return Reader(history())


# --- The work ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 10, 100])
@pytest.mark.parametrize("start", [0, 100, 300])
def test_each_granule_leads_there_and_back(start: int, size: int) -> None:
    assert reader().follows(data_of(work(job(history(), start, size)))) == (
        min(100, (400 - start) // size)
    )


def test_the_times_are_those_between_the_granules() -> None:
    data = data_of(work(job(history(), 0, 10)))
    ends = [history()[0].time] + [history()[i].time for i in range(9, 400, 10)]
    assert data["timeDeltas"] == [later - earlier for earlier, later in pairwise(ends)]
    data = data_of(work(job(history(), 300, 100)))
    assert data["timeDeltas"] == [history()[399].time - history()[299].time]


def test_it_is_what_Etherpad_answered() -> None:
    """The recorded pad, made of the recorded answer's own changesets."""
    (asked,), (answer,) = recorded("c2s", "CHANGESET_REQ"), recorded("s2c", "CHANGESET_REQ")
    pool = AttributePool.from_jsonable(answer["data"]["apool"])
    revisions, time = [], 1000
    for rev, change in enumerate(answer["data"]["forwardsChangesets"]):
        delta = answer["data"]["timeDeltas"][rev]
        time += delta
        wire = encode_wire(rev, units(change), pool, "a.x", time, delta)
        revisions.append(Revision(rev, "a.x", time, None, b"", wire))
    start, size = asked["data"]["start"], asked["data"]["granularity"]
    mine = data_of(work(job(revisions, start, size)))
    expected = dict(answer["data"])
    assert expected.pop("requestID") == asked["data"]["requestID"]
    assert list(mine) == list(expected)
    assert mine == expected


@pytest.mark.parametrize("count", [1, 2, 3, 7, 64])
def test_composing_by_pairs_is_composing(count: int) -> None:
    pool = AttributePool()
    changes = []
    for revision in history()[:count]:
        data = json.loads(revision.wire)
        mine = AttributePool.from_jsonable(data["apool"])
        changes.append(move_ops_to_new_pool(units(data["changeset"]), mine, pool))
    whole = changes[0]
    for change in changes[1:]:
        whole = compose(whole, change, pool)
    blank = make_atext("\n")
    assert apply_to_atext(compose_all(changes, pool), blank, pool) == apply_to_atext(
        whole, blank, pool
    )


def test_a_keyframe_saves_the_way_and_changes_nothing() -> None:
    whole = work(job(history(), 300, 10))
    player = Player(BLANK)
    for revision in history()[:250]:
        player.play(revision)
    keyframe = player.keyframe()
    assert keyframe.rev == 249
    short = HistoryJob.decode(job(history(), 300, 10, begin=keyframe).encode())
    assert data_of(work(short)) == data_of(whole)


def test_chunks_and_single_records_are_read_alike() -> None:
    history = lived_in(CHUNK_REVISIONS + 50, seed=2)
    plain = job(history, CHUNK_REVISIONS - 100, 10)
    chunk = encode_chunk(history[:CHUNK_REVISIONS])
    rest = [revision.to_record() for revision in history[CHUNK_REVISIONS:]]
    stored = plain._replace(parts=[(0, chunk, []), (CHUNK_REVISIONS, None, rest)])
    answer = work(HistoryJob.decode(stored.encode()))
    assert data_of(answer) == data_of(work(plain))
    assert [keyframe.rev for keyframe in answer.keyframes] == [KEYFRAME_EVERY - 1]
    assert HistoryAnswer.decode(answer.encode()) == answer
    from_it = job(history, CHUNK_REVISIONS, 1, begin=answer.keyframes[0])
    assert Reader(history).follows(data_of(work(from_it))) == 50


def test_playing_alone_ends_in_a_keyframe() -> None:
    only = job(history(), 0, 1)._replace(granules=0, last=123)
    answer = work(only)
    assert (answer.data, [k.rev for k in answer.keyframes]) == (b"", [123])
    assert answer.keyframes[0].text == reader().at[123].text


def test_a_hole_in_the_history_is_named() -> None:
    holed = [*history()[:50], *history()[51:]]
    records: list[StoredPart] = [(0, None, [r.to_record() for r in holed[:50]])]
    records.append((51, None, [r.to_record() for r in holed[50:]]))
    answer = work(job(history(), 0, 10)._replace(parts=records))
    assert answer.data == b""
    assert "revision 51 stands where 50 should be" in answer.fault
    assert "nothing behind" in work(job(history(), 300, 10)._replace(parts=records[:1])).fault


def test_when_the_time_is_up_it_says_how_far_it_got() -> None:
    data = data_of(work(job(history(), 0, 10)._replace(seconds=-1)))
    assert (len(data["forwardsChangesets"]), data["actualEndNum"]) == (1, 10)


# --- What is asked -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "start", "size", "expected"),
    [
        (13, 0, 1, Range(0, 1, 14, 14)),  # as recorded
        (13, 0, 10, Range(0, 10, 1, 10)),
        (13, 0, 100, Range(0, 100, 0, 0)),
        (13, 10, 10, Range(10, 10, 0, 10)),
        (13, 99, 1, Range(13, 1, 1, 14)),
        (500, 0, 1, Range(0, 1, 100, 100)),
        (500, 205, 100, Range(205, 100, 2, 500)),
        (99_999, 10_000, 100, Range(10_000, 100, 100, 20_000)),
        (99_999, 0, 1000, Range(0, 1000, 20, 20_000)),
        (99_999, 0, MOST_REVISIONS, Range(0, MOST_REVISIONS, 1, MOST_REVISIONS)),
    ],
)
def test_granules_that_exist_of_a_request(
    head: int, start: int, size: int, expected: Range
) -> None:
    assert granules_of(ChangesetRequest(start, size, 1), head) == expected


GOOD = {"start": 0, "granularity": 10, "requestID": 7}


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"granularity": None}, "missing granularity"),
        ({"granularity": 1.5}, "granularity is not an integer"),
        ({"granularity": "10"}, "granularity is not an integer"),
        ({"granularity": 0}, "granularity is not between"),
        ({"granularity": MOST_REVISIONS + 1}, "granularity is not between"),
        ({"start": None}, "missing start"),
        ({"start": "x"}, "rev is not a number"),
        ({"start": True}, "rev is not a number"),
        ({"start": -1}, "rev is not a negative number"),
        ({"start": 1.5}, "rev is a float value"),
        ({"requestID": None}, "mising requestID"),
        ({"requestID": {}}, "neither a number"),
    ],
)
def test_what_cannot_be_asked(changed: dict[str, Any], why: str) -> None:
    assert parse({"data": GOOD}) == ChangesetRequest(0, 10, 7)
    assert parse({"data": {**GOOD, "start": "20"}}) == ChangesetRequest(20, 10, 7)
    with pytest.raises(ClientError, match=why):
        parse({"data": {**GOOD, **changed}})
    with pytest.raises(ClientError, match="data is not an object"):
        parse({"data": []})


# --- What is kept --------------------------------------------------------------------------------


def test_the_shelf_forgets_what_was_not_asked_for_the_longest() -> None:
    shelf: Shelf[str, int] = Shelf(10)
    shelf.put("a", 1, 4)
    shelf.put("b", 2, 4)
    assert shelf.get("a") == 1
    shelf.put("c", 3, 4)
    assert list(shelf) == ["a", "c"]
    shelf.put("a", 4, 6)
    assert (shelf.get("a"), list(shelf)) == (4, ["c", "a"])
    shelf.put("d", 5, 11)
    assert shelf.get("d") is None
    assert list(shelf) == ["c", "a"]
