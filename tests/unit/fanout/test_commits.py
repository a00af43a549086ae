"""Tests the path of an edit from its socket to the inbox and back, without a task of its own."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from padfleet.services.fanout.collab import handlers
from padfleet.services.fanout.delivery.cursor import DeliveryCursor
from padfleet.services.fanout.delivery.session import Session, SessionIdentity
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.limits.allowances import Allowances
from padfleet.services.fanout.limits.idle import IdleSockets
from padfleet.services.fanout.requests.client_socket import Socket
from padfleet.services.fanout.requests.commits import Commits
from padfleet.services.fanout.requests.hooks import Hooks
from padfleet.services.fanout.requests.join import JoinHandler
from padfleet.services.fanout.requests.messages import Messages
from padfleet.services.fanout.transport.intake import MOST, Intake
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.shared.bucket import RateLimit
from padfleet.shared.log.entries import Entry, Submission
from padfleet.shared.log.inboxes.entry_lane import NotTaken, Receipt
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.log.inboxes.limits import EditTooLarge
from padfleet.shared.log.inboxes.local import DirectEdit
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.outcomes import Outcome
from padfleet.shared.settings import FanoutSettings
from tests.eventually import eventually

EDIT = {
    "type": "USER_CHANGES",
    "baseRev": 3,
    "changeset": "Z:1>1+1$x",
    "apool": {"numToAttrib": {}, "nextNum": 0},
}


class StubWriter:
    """The writer in the same process. It tells the edits that it has taken nothing until it is told
    to."""

    def __init__(self) -> None:
        self.taken: list[DirectEdit] = []
        self.takes = True

    def take(self, edit: DirectEdit) -> bool:
        if self.takes:
            self.taken.append(edit)
        return self.takes


class StubInbox:
    """Takes what it is offered, and answers only when it is told to."""

    keyspace = Keyspace(4)

    def __init__(self) -> None:
        self.look_after = 3600.0
        self.taken: list[tuple[Entry, Receipt]] = []
        self.settled: list[Entry] = []  #: by way of a future
        self.followed: list[str] = []
        self.takes = True
        self.refuses: Exception | None = None
        self.known = True

    def offer(self, entry: Entry, receipt: Receipt) -> bool:
        if self.refuses is not None:
            raise self.refuses
        if self.takes:
            self.taken.append((entry, receipt))
        return self.takes

    def is_plain(self, entry: Entry) -> bool:
        if self.refuses is not None:
            raise self.refuses
        return self.takes

    async def settle(self, entry: Entry, answer: asyncio.Future[Any]) -> bool:
        self.settled.append(entry)
        await asyncio.wait((answer,))
        return True

    async def follow(self, entry: Entry, answer: asyncio.Future[Any], entry_id: str) -> bool:
        self.followed.append(entry_id)
        if self.known:
            await asyncio.wait((answer,))
        return self.known

    @property
    def seqs(self) -> list[int]:
        return [entry.origin.seq for entry, _ in self.taken]


class StubResync:
    async def done(self) -> None:
        pass


class StubFeed:
    head = 3


class StubRoom:
    pad_id = "pad"
    reign = "r"
    resync = StubResync()
    feed = StubFeed()

    def __init__(self, session: Session) -> None:
        self.sessions = {session.id: session}
        self.kicked: list[str] = []

    def kick_and_announce(self, session: Session, reason: str) -> None:
        self.kicked.append(reason)
        self.sessions.pop(session.id, None)

    async def sent(self, session: Session, rev: int) -> None:
        pass


class Desk:
    """A session, and all that it takes to hand its edits in."""

    def __init__(
        self, *, commits_per_second: int = 1_000_000, local: StubWriter | None = None
    ) -> None:
        identity = SessionIdentity("a.me", "pad", "pad", "r.0", read_only=False, embedded=False)
        self.session = Session(identity, Outbound(), batching=True)
        self.session.joins(1, DeliveryCursor(3))
        self.inbox, self.room = StubInbox(), StubRoom(self.session)
        self.intake = Intake()
        self.commits = Commits(cast("InboxWriter", self.inbox), local)
        settings = FanoutSettings(commits_per_second=commits_per_second)
        stub = cast("Any", None)
        handler = cast("JoinHandler", StubHandler())
        self.messages = Messages(
            handler,
            self.commits,
            Allowances.of(settings, seldom=RateLimit(1e6, 1e6, 0.0)),
            IdleSockets(to_ask=1e9, idle=1e9),
            handlers(""),
            stub,
        )
        self.socket = Socket(stub, self.session.exit, self.intake)
        self.socket.session, self.socket.room = self.session, cast("Room", self.room)

    def hands_in(self, **changed: Any) -> bool:
        data = {**EDIT, **changed}
        return self.commits.hand_in(cast("Room", self.room), self.session, data, self.intake)

    def says(self, **changed: Any) -> Any:
        """Handles an edit. Returns a task if there is something to wait for, otherwise None."""
        data = {**EDIT, **changed}
        message = {"type": "COLLABROOM", "component": "pad", "data": data}
        work = self.messages.take(self.socket, message)
        if work is None:
            return None
        task = asyncio.create_task(work)
        self.intake.begins(task)
        return task

    def answers(self, kind: str | None = None, reason: str = "") -> None:
        """Answers the oldest pending edit as the writer does."""
        seq = min(self.session.pending)
        entry = next(entry for entry, _ in self.inbox.taken if entry.origin.seq == seq)
        found = None if kind is None else Outcome(entry.origin, cast("Any", kind), 4, reason)
        self.session.settle(seq, found)

    @property
    def under_way(self) -> int:
        return self.intake._under_way


class StubHandler:
    redis = None
    settings = None
    hooks = Hooks(cast("Any", None))


@pytest.fixture
async def desk() -> Any:
    made = Desk()
    yield made
    made.commits.close()
    assert made.commits._timer is None


def tasks_beside() -> int:
    return len(asyncio.all_tasks())


async def test_an_edit_makes_no_task(desk: Desk) -> None:
    before = tasks_beside()
    assert desk.says() is None
    assert tasks_beside() == before
    ((entry, receipt),) = desk.inbox.taken
    assert isinstance(entry, Submission)
    assert (entry.origin.seq, entry.base_rev, entry.epoch, entry.reign) == (1, 3, 1, "r")
    assert desk.session.cursor.acked_rev == 3, "its base is known to have arrived"
    receipt.set_result("1-1")
    assert desk.under_way == 1
    desk.answers()
    assert (desk.under_way, desk.session.pending) == (0, {})


async def test_I2_seqs_count_what_was_handed_in_and_nothing_else(desk: Desk) -> None:
    desk.hands_in()
    desk.inbox.takes = False
    assert not desk.hands_in()
    assert desk.under_way == 1
    desk.inbox.takes = True
    desk.hands_in()
    assert desk.inbox.seqs == [1, 2]


async def test_a_socket_with_the_most_messages_in_progress_has_to_be_answered_first(
    desk: Desk,
) -> None:
    for _ in range(MOST):
        assert not desk.intake.full
        assert desk.says() is None
    assert desk.intake.full
    waiting = asyncio.create_task(desk.intake.room())
    await asyncio.sleep(0)
    while desk.under_way > MOST // 2:
        assert not waiting.done()
        desk.answers()
    await asyncio.wait_for(waiting, 10)


@pytest.mark.parametrize(
    ("kind", "reason", "kicked", "closed"),
    [
        ("refused", "badChangeset", ["badChangeset"], False),
        ("superseded", "", [], True),
        ("accepted", "", [], False),
    ],
)
async def test_what_the_writer_says_no_to_lets_the_session_go(
    desk: Desk, kind: str, reason: str, kicked: list[str], closed: bool
) -> None:
    desk.says()
    desk.answers(kind, reason)
    assert desk.room.kicked == [], "not in the middle of what has brought the answer"
    await asyncio.sleep(0)
    assert (desk.room.kicked, desk.session.exit.closed) == (kicked, closed)
    assert desk.under_way == 0


async def test_what_the_inbox_does_not_take_breaks_the_connection(desk: Desk) -> None:
    desk.says()
    _, receipt = desk.inbox.taken[0]
    receipt.set_exception(NotTaken("away"))
    assert desk.session.exit.closed
    assert (desk.under_way, desk.session.pending) == (0, {})
    assert receipt.done()


@pytest.mark.parametrize(
    "changed", [{"baseRev": "x"}, {"changeset": 7}, {"apool": {"numToAttrib": {"x": 1}}}]
)
async def test_what_cannot_be_read_is_refused_and_goes_no_further(
    desk: Desk, changed: dict[str, Any]
) -> None:
    desk.says(**changed)
    assert (desk.room.kicked, desk.inbox.taken, desk.under_way) == (["badChangeset"], [], 0)


async def test_what_is_too_large_for_the_pad_is_refused(desk: Desk) -> None:
    desk.inbox.refuses = EditTooLarge("the pad would be too long")
    desk.says()
    assert (desk.room.kicked, desk.under_way, desk.session.pending) == (["badChangeset"], 0, {})


async def test_nobody_is_answered_who_has_left(desk: Desk) -> None:
    desk.says()
    desk.session.abandon()
    assert (desk.under_way, desk.session.pending) == (0, {})
    _, receipt = desk.inbox.taken[0]
    assert receipt.done()


# --- What has to be waited for -------------------------------------------------------------------


async def test_I3_an_edit_does_not_overtake_one_that_waits(desk: Desk) -> None:
    """The inbox takes a large one later, in a task. What comes behind it waits with it."""
    desk.inbox.takes = False
    first = desk.says()
    desk.inbox.takes = True
    second = desk.says()
    assert first is not None
    assert second is not None
    await eventually(lambda: len(desk.inbox.settled) == 2, "both are handed in")
    assert [entry.origin.seq for entry in desk.inbox.settled] == [1, 2]
    for seq in (1, 2):
        desk.session.settle(seq, None)
    await asyncio.gather(first, second)
    assert desk.says() is None


async def test_a_changeset_of_many_operations_is_counted_in_a_task(desk: Desk) -> None:
    long = "Z:1>1" + "+1" * 2000 + "$" + "x" * 2000
    task = desk.says(changeset=long)
    assert task is not None
    await eventually(lambda: desk.inbox.settled, "it is handed in")
    desk.session.settle(1, None)
    await task


async def test_an_author_who_is_too_fast_waits_and_takes_his_turn_once() -> None:
    desk, task = Desk(commits_per_second=10), None
    while task is None:
        if desk.session.pending:
            desk.answers()
        task = desk.says()
    level = desk.messages._allowances.commits._buckets["a.me"].level
    await eventually(lambda: desk.inbox.settled, "its turn has come")
    assert desk.messages._allowances.commits._buckets["a.me"].level == level
    desk.session.settle(desk.inbox.settled[0].origin.seq, None)
    await task
    desk.commits.close()


async def test_an_author_who_is_much_too_fast_is_told_to_leave() -> None:
    desk = Desk(commits_per_second=1)
    while not desk.room.kicked:
        task = desk.says()
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    assert desk.room.kicked == ["rateLimited"]
    desk.commits.close()


# --- With a writer in the same process -----------------------------------------------------------


class Node(Desk):
    """A desk with a writer in its process."""

    def __init__(self) -> None:
        self.writer = StubWriter()
        super().__init__(local=self.writer)

    @property
    def direct(self) -> list[int]:
        return [edit.submission.origin.seq for edit in self.writer.taken]


@pytest.fixture
async def node() -> Any:
    made = Node()
    yield made
    made.commits.close()


async def test_an_edit_goes_to_the_writer_in_the_same_process(node: Node) -> None:
    before = tasks_beside()
    assert node.says() is None
    assert (node.direct, node.inbox.taken, tasks_beside()) == ([1], [], before)
    assert node.under_way == 1
    node.writer.taken[0].committed("7-0")
    node.session.settle(1, None)
    assert (node.under_way, node.session.pending) == (0, {})
    assert node.says() is None
    assert node.direct == [1, 2]


async def test_what_that_writer_does_not_take_goes_to_the_inbox(node: Node) -> None:
    node.writer.takes = False
    assert node.says() is None
    assert (node.inbox.seqs, list(node.session.pending)) == ([1], [1])


async def test_what_that_writer_declines_goes_to_the_inbox(node: Node) -> None:
    node.says()
    node.writer.taken[0].declined()
    assert node.inbox.seqs == [1]
    assert node.says() is None, "the inbox keeps the order"
    assert (node.inbox.seqs, node.direct) == ([1, 2], [1])


async def test_what_is_declined_after_its_author_has_left_goes_to_the_inbox_all_the_same(
    node: Node,
) -> None:
    node.says()
    node.session.abandon()
    node.writer.taken[0].declined()
    assert node.inbox.seqs == [1]


@pytest.mark.parametrize("declines", [False, True])
async def test_I2_an_edit_does_not_overtake_one_that_the_writer_in_the_same_process_has(
    node: Node, declines: bool
) -> None:
    """The inbox and the direct way keep no order between them, and the writer takes an edit for a
    repetition if a later one of its session is in the pad."""
    node.says()
    second = node.says()
    assert second is not None, "it waits"
    for _ in range(5):
        await asyncio.sleep(0)
    assert (node.inbox.settled, node.direct) == ([], [1])
    if declines:
        node.writer.taken[0].declined()
        assert node.inbox.seqs == [1]
    else:
        node.writer.taken[0].committed("7-0")
    await eventually(lambda: node.inbox.settled, "it comes behind")
    for seq in (1, 2):
        node.session.settle(seq, None)
    await second
    assert node.under_way == 0


@pytest.mark.parametrize("late", [False, True])
async def test_I2_no_edit_overtakes_one_that_waits_for_the_writer_in_the_same_process(
    node: Node, late: bool
) -> None:
    """The feed may bring the first one's answer before the writer has heard that it is committed. A
    third edit then still comes behind the second, also in the moment in which that one goes on."""
    node.says()
    tasks = [node.says()]
    await asyncio.sleep(0)
    node.session.settle(1, None)
    if late:
        node.writer.taken[0].committed("7-0")
    tasks.append(node.says())
    assert None not in tasks, "they wait"
    if not late:
        await asyncio.sleep(0)
        assert node.inbox.settled == []
        node.writer.taken[0].committed("7-0")
    await eventually(lambda: len(node.inbox.settled) == 2, "they go on")
    assert [entry.origin.seq for entry in node.inbox.settled] == [2, 3]
    assert node.direct == [1]
    for seq in (2, 3):
        node.session.settle(seq, None)
    await asyncio.gather(*(task for task in tasks if task is not None))


async def test_I2_an_edit_behind_one_in_the_inbox_goes_to_the_inbox(node: Node) -> None:
    node.writer.takes = False
    node.says()
    node.writer.takes = True
    node.says()
    assert (node.inbox.seqs, node.direct) == ([1, 2], [])


async def test_a_direct_edit_whose_answer_got_lost_is_looked_up_where_it_was_committed(
    node: Node,
) -> None:
    node.inbox.look_after = 0.0
    node.says()
    node.writer.taken[0].committed("7-0")
    await eventually(lambda: node.inbox.followed == ["7-0"], "it is looked at")
    node.session.settle(1, None)
    await eventually(lambda: node.under_way == 0, "it has been answered")


async def test_what_is_too_large_is_refused_before_any_writer_has_it(node: Node) -> None:
    node.inbox.refuses = EditTooLarge("the pad would be too long")
    node.says()
    assert (node.room.kicked, node.direct) == (["badChangeset"], [])


async def test_what_is_not_plain_goes_through_the_inbox(node: Node) -> None:
    node.inbox.takes = False
    task = node.says()
    assert task is not None
    await eventually(lambda: node.inbox.settled, "it is handed in")
    assert not node.direct
    node.session.settle(1, None)
    await task


# --- What is overdue -----------------------------------------------------------------------------


async def test_an_overdue_edit_is_followed_up(desk: Desk) -> None:
    desk.inbox.look_after = 0.0
    desk.says()
    desk.inbox.taken[0][1].set_result("7-1")
    await eventually(lambda: desk.inbox.followed == ["7-1"], "it is looked at")
    assert desk.under_way == 1
    desk.answers("refused", "badChangeset")
    await eventually(lambda: desk.room.kicked == ["badChangeset"], "it has been answered")
    assert desk.under_way == 0


async def test_an_edit_whose_answer_got_lost_breaks_the_connection(desk: Desk) -> None:
    desk.inbox.look_after, desk.inbox.known = 0.0, False
    desk.says()
    desk.inbox.taken[0][1].set_result("7-1")
    await eventually(lambda: desk.session.exit.closed, "it resumes")
    assert (desk.under_way, desk.session.pending) == (0, {})


async def test_a_client_that_leaves_while_its_edit_is_followed_up_is_not_waited_for(
    desk: Desk,
) -> None:
    desk.inbox.look_after = 0.0
    desk.says()
    desk.inbox.taken[0][1].set_result("7-1")
    await eventually(lambda: desk.inbox.followed, "it is looked at")
    desk.session.abandon()
    await eventually(lambda: desk.under_way == 0, "nobody waits")
    assert not desk.session.exit.closed


async def test_what_is_not_in_its_inbox_yet_is_left_to_who_puts_it_there(desk: Desk) -> None:
    desk.inbox.look_after = 0.001
    desk.says()
    for _ in range(5):
        await asyncio.sleep(0.002)
    assert desk.inbox.followed == []
    desk.inbox.taken[0][1].set_result("7-1")
    await eventually(lambda: desk.inbox.followed == ["7-1"], "then it is looked at")
    desk.answers()


async def test_nothing_is_kept_of_those_that_are_answered_in_time(desk: Desk) -> None:
    desk.inbox.look_after = 0.01
    for _ in range(50):
        desk.says()
        desk.answers()
    await eventually(lambda: not desk.commits._under_way, "they are forgotten")
    assert desk.commits._timer is None
