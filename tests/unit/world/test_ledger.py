"""Tests what the ledger of a run says about commits that our fleet never makes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

import pytest

from padfleet.shared.log.channel_messages import committed_header
from padfleet.shared.log.entries import Fence, Submission, encode_entry
from padfleet.shared.log.outcomes import Outcome
from padfleet.shared.log.records import Origin, Revision, Snapshot, chain_of
from tests.world.guards.ledger import Ledger
from tests.world.redis.server import Server

BASE = "pf:{t}:pad:p"
STATE, INBOX = "pf:{t}:state", "pf:{t}:inbox"
FIRST = Origin("s", 1)


class Book:
    """A server, and a ledger that follows it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.server = Server(self.loop, random.Random(0), "redis")
        self.found: list[str] = []
        self.ledger = Ledger(self.found.append)
        self.ledger.follow([self.server])
        self.chain = b""

    def do(self, *commands: tuple[object, ...], who: str = "writer-1") -> None:
        """Carries out the commands as one transaction."""
        call = self.server.call()
        for command in commands:
            words = [part if isinstance(part, bytes) else str(part).encode() for part in command]
            self.server.execute(words, call)
        self.ledger.committed(self.server, who, call)

    def lease(self, owner: str, term: int, *, for_ms: int = 3000) -> tuple[object, ...]:
        until = self.server.now_ms + for_ms
        return ("HSET", STATE, "owner", owner, "term", term, "until", until, "lease", for_ms)

    @property
    def reign(self) -> str:
        return self.server.run_id[:12] + self.server.replid[:12]

    def revision(
        self, rev: int, origin: Origin | None, *, chain: bytes = b"", wire: bytes = b""
    ) -> list[tuple[object, ...]]:
        wire = wire or b"%d" % rev
        self.chain = chain or chain_of(self.chain, wire)
        record = Revision(rev, "a", 1, origin, self.chain, wire).to_record()
        return [
            ("XADD", f"{BASE}:revs", f"{rev}-1", "r", record),
            ("HSET", f"{BASE}:meta", "head", rev, "chain", self.chain),
        ]

    def submitted(self, origin: Origin, entry: str) -> tuple[object, ...]:
        data = encode_entry(Submission("p", origin, 1, 0, "a", 0, "Z:1>0$", {}))
        return ("XADD", INBOX, entry, "e", data)

    def outcome(self, origin: Origin) -> tuple[object, ...]:
        told = committed_header(0, "r", 0, [Outcome(origin, "refused", 0)])
        return ("SPUBLISH", BASE, b"R" + told)


@pytest.fixture
def book() -> Iterator[Book]:
    book = Book()
    yield book
    book.loop.close()


def test_what_a_fleet_does_is_right(book: Book) -> None:
    book.do(book.lease("writer-1", 1))
    book.do(book.submitted(FIRST, "5-1"), who="worker-1")
    book.do(book.submitted(Origin("s", 2), "5-2"), who="worker-1")
    book.do(*book.revision(0, None))
    book.do(*book.revision(1, FIRST), ("HSET", STATE, "position", "5-1"))
    book.do(book.outcome(Origin("s", 2)), ("HSET", STATE, "position", "5-2"))
    assert book.found == []
    assert book.ledger.transactions == 6


def test_I2_only_what_was_handed_over_leaves_the_position_where_it_is(book: Book) -> None:
    same = ("HSET", STATE, "position", "5-1")
    book.do(book.lease("node-1", 1), same, who="node-1")
    for seq, node in (1, "node-1"), (2, "node-2"):
        edit = Submission("p", Origin("s", seq), 1, 0, "a", 0, "", {})
        book.ledger.handed_over(edit, node)
    book.do(book.outcome(FIRST), same, who="node-1")
    assert book.found == []
    for seq in 2, 3:  # handed over elsewhere, and nowhere
        book.do(book.outcome(Origin("s", seq)), same, who="node-1")
        assert book.found.pop() == (
            f"I2 {STATE}: node-1 has settled the entries up to (5, 1) again"
        )
    assert book.found == []


def test_I1_revisions_have_no_hole_and_never_change(book: Book) -> None:
    book.do(book.lease("writer-1", 1))
    book.do(*book.revision(0, None))
    book.do(*book.revision(2, None))
    assert book.found[0] == "I1 p: 2 revisions from 0 to 2"
    book.found.clear()
    book.do(("XDEL", f"{BASE}:revs", "2-1"), ("HSET", f"{BASE}:meta", "head", 0))
    assert book.found
    assert "there was revision 2, and now the last is 0" in book.found[0]


def test_I1_a_revision_follows_from_the_one_before(book: Book) -> None:
    book.do(book.lease("writer-1", 1))
    book.do(*book.revision(0, None))
    book.do(*book.revision(1, None, chain=b"x" * 16))
    assert book.found == ["I1 p: revision 1 does not follow from 0"]


def test_I1_the_head_is_the_last_revision(book: Book) -> None:
    book.do(book.lease("writer-1", 1))
    book.do(book.revision(0, None)[0], ("HSET", f"{BASE}:meta", "head", 7))
    assert book.found == ["I1 p: the head is 7, the last revision 0"]


def test_I2_a_submission_becomes_one_revision(book: Book) -> None:
    book.do(book.lease("writer-1", 1))
    book.do(*book.revision(0, None))
    book.do(*book.revision(1, FIRST))
    book.do(*book.revision(2, FIRST))
    assert book.found == ["I2 p: submission 1 of s is revision 1 and 2, by writer-1"]


def test_I2_what_changes_nothing_becomes_no_revision(book: Book) -> None:
    book.do(book.lease("writer-1", 1))
    book.do(*book.revision(0, None, wire=b'{"changeset":"Z:1>0$"}'))
    book.do(*book.revision(1, FIRST, wire=b'{"changeset":"Z:1>1+1$x"}'))
    assert book.found == []
    book.do(*book.revision(2, Origin("s", 2), wire=b'{"changeset":"Z:2>0$"}'))
    assert book.found == ["I2 p: revision 2 changes nothing"]


def test_I2_nobody_commits_without_the_lease(book: Book) -> None:
    book.do(book.lease("writer-1", 1))
    book.do(*book.revision(0, None))
    book.do(*book.revision(1, None), who="writer-2")
    assert book.found == ["I2 p: writer-2 committed, and the lease is 'writer-1''s"]


def test_I2_no_entry_is_skipped_without_an_answer(book: Book) -> None:
    book.do(book.lease("writer-1", 1))
    book.do(book.submitted(FIRST, "5-1"), who="worker-1")
    book.do(("HSET", STATE, "position", "5-1"))
    assert "passed entry 5-1, the Submission 1 of s" in book.found.pop()


def test_I2_what_is_a_revision_is_not_refused(book: Book) -> None:
    book.do(book.lease("writer-1", 1))
    book.do(*book.revision(0, None))
    book.do(*book.revision(1, FIRST))
    book.do(book.outcome(FIRST), ("HSET", STATE, "position", "5-1"))
    assert book.found == ["I2 p: submission 1 of s is revision 1, and was refused"]


@pytest.mark.parametrize(("term", "wrong"), [(2, "runs for another"), (0, "term 0 comes after 1")])
def test_I2_a_lease_is_taken_when_it_has_run_out(book: Book, term: int, wrong: str) -> None:
    book.do(book.lease("writer-1", 1))
    book.do(book.lease("writer-2", term), who="writer-2")
    assert any(wrong in text for text in book.found), book.found


def test_I2_a_lease_that_has_run_out_may_be_taken(book: Book) -> None:
    book.do(book.lease("writer-1", 1, for_ms=-1))
    book.do(book.lease("writer-2", 2), who="writer-2")
    assert book.found == []


def test_I2_the_inbox_position_only_moves_forward(book: Book) -> None:
    book.do(("HSET", STATE, "position", "5-1"))
    book.do(("HSET", STATE, "position", "4-1"))
    assert "moved the inbox back to (4, 1)" in book.found.pop()


def test_what_was_lost_is_no_fault_of_who_comes_after(book: Book) -> None:
    book.do(book.lease("writer-1", 1))
    book.do(*book.revision(0, None))
    book.server.wipe()
    book.ledger.follow([book.server])
    book.chain = b""
    book.do(book.lease("writer-2", 1), who="writer-2")
    book.do(*book.revision(0, None), who="writer-2")
    assert book.found == []


def test_a_fence_that_is_settled_and_not_on_record(book: Book) -> None:
    """The next owner of the partition would accept what an earlier session submits."""
    book.do(book.lease("writer-1", 1))
    for order, kept in ((2, 2), (3, 2)):
        fence = Fence("p", Origin("back", order), order, "a")
        done = committed_header(0, "r", 0, [Outcome(fence.origin, "done", 0)])
        book.do(("XADD", INBOX, f"{order}-1", "e", encode_entry(fence)), who="worker-1")
        assert book.found == []
        book.do(
            ("HSET", STATE, "position", f"{order}-1"),
            ("HSET", f"{BASE}:fences", "a", kept),
            ("SPUBLISH", BASE, b"R" + done),
        )
    assert book.found == ["I2 p: the fence before session 3 of a is settled, and 2 is on record"]


def test_each_newcomer_has_an_order_of_its_own_and_is_announced(book: Book) -> None:
    def came(session: str, order: int) -> tuple[object, ...]:
        return ("HSET", f"{BASE}:members", session, b"%d record" % order)

    told = ("SPUBLISH", BASE, b"J")
    book.do(came("s", 1), told, who="worker-1")
    book.do(came("s", 1), told, who="worker-2")
    book.do(came("t", 2), told, who="worker-1")
    assert book.found == []
    book.do(came("u", 2), told, who="worker-1")
    assert book.found == ["I2 p: two sessions are number 2"]
    book.do(came("v", 3), who="worker-1")
    assert book.found[1:] == ["I5 p: session v has come, and nobody was told"]


def test_workers_are_told_of_another_reign_than_the_servers(book: Book) -> None:
    reign = book.reign
    book.do(book.lease("writer-1", 1), ("HSET", STATE, "reign", reign))
    told = ("SPUBLISH", BASE, b"R" + committed_header(0, reign, 0, []))
    book.do(*book.revision(0, FIRST), told)
    assert book.found == []
    book.do(("HSET", STATE, "reign", "later"), *book.revision(1, Origin("s", 2)), told)
    assert book.found == [f"I5 p: said to be of the reign {reign}, not later"]


def test_a_pad_of_which_another_server_has_the_revisions_is_not_gone(book: Book) -> None:
    """Its slot moves, key by key, and somebody writes into the key that has moved already."""
    book.do(book.lease("writer-1", 1))
    book.do(*book.revision(0, FIRST))
    meta, revs = f"{BASE}:meta".encode(), f"{BASE}:revs".encode()
    other = Server(book.loop, random.Random(0), "redis-2")
    book.ledger.follow([book.server, other])
    other.store.values[meta] = book.server.store.values.pop(meta)

    def noted() -> None:
        call = other.call()
        other.execute([b"HSET", meta, b"readonly", b"r.0"], call)
        book.ledger.committed(other, "worker-1", call)

    noted()
    assert book.found == []
    del book.server.store.values[revs]
    noted()
    assert book.found == ["I1 p: its revisions are gone, and nobody deleted it"]


def test_I5_a_lease_is_kept_under_a_reign_of_its_server(book: Book) -> None:
    book.do(book.lease("writer-1", 1), ("HSET", STATE, "reign", f"{book.reign}.7"))
    book.do(("HSET", STATE, "until", book.server.now_ms + 4000))
    assert book.found == []
    book.server.run_id = "another life"
    book.do(("HSET", STATE, "until", book.server.now_ms + 5000))
    assert "keeps the lease under the reign" in book.found.pop()


def test_I5_a_reign_is_noted_with_the_head_at_which_it_began(book: Book) -> None:
    book.do(book.lease("writer-1", 1))
    book.do(*book.revision(0, None))
    book.do(*book.revision(1, FIRST), ("HSET", f"{BASE}:meta", "reigns", "one:0"))
    book.do(("HSET", f"{BASE}:meta", "reigns", "one:0 two:1"))
    assert book.found == []
    book.do(*book.revision(2, None), ("HSET", f"{BASE}:meta", "reigns", "one:0 two:1 three:2"))
    assert book.found == ["I5 p: the reign three has begun at 1, and 2 is noted"]


def test_I5_what_was_made_on_a_lost_revision_is_refused(book: Book) -> None:
    data = [
        encode_entry(Submission("p", Origin("s", n), 1, 0, "a", 3, "Z:1>0$", {}, "one"))
        for n in (1, 2)
    ]
    book.do(book.lease("writer-1", 1))
    book.do(*book.revision(0, None), ("HSET", f"{BASE}:meta", "reigns", "one:-1"))
    book.do(("XADD", INBOX, "5-1", "e", data[0]), ("XADD", INBOX, "5-2", "e", data[1]))
    book.do(*book.revision(1, FIRST), ("HSET", STATE, "position", "5-1"))
    book.do(("HSET", f"{BASE}:meta", "reigns", "one:-1 two:1"))
    assert book.found == []
    book.do(*book.revision(2, Origin("s", 2)), ("HSET", STATE, "position", "5-2"))
    assert "was made on revision 3 under one, which is shared up to 1" in book.found.pop()


def test_a_snapshot_is_of_the_pad_as_it_was_and_knows_who_has_written(book: Book) -> None:
    def snapshot(rev: int, chain: bytes, sessions: dict[str, tuple[int, int]]) -> bytes:
        return Snapshot(rev, 0, "\n", "|1+1", [], 1, chain, sessions).to_bytes()

    book.do(book.lease("writer-1", 1))
    book.do(*book.revision(0, None))
    before = book.chain
    book.do(*book.revision(1, FIRST))
    book.do(("SET", f"{BASE}:snap", snapshot(1, book.chain, {"s": (1, 1)})))
    assert book.found == []
    book.do(*book.revision(2, Origin("s", 2)))
    book.do(("SET", f"{BASE}:snap", snapshot(2, before, {"s": (1, 1)})))
    assert book.found == [
        "I1 p: the snapshot of revision 2 has another chain than that",
        "I2 p: the snapshot of revision 2 knows s up to 1, and its submission 2 is a revision",
    ]


def test_I5_a_pad_that_somebody_is_on_is_not_frozen(book: Book) -> None:
    book.do(book.lease("writer-1", 1))
    book.do(*book.revision(0, None))
    moving = ("HSET", "pf:{t}:moving", "p", "freeze 0")
    book.do(("HSET", f"{BASE}:members", "s", "1 record"))
    book.found.clear()  # that nobody was told who came
    book.do(("DEL", f"{BASE}:revs", f"{BASE}:meta", f"{BASE}:members"), moving)
    assert book.found == ["I5 p: frozen while somebody is on it"]
