"""Compares each transaction of the server with what came before it (I1, I2).

It believes no program: it reads what a transaction has left in the server, and keeps a book of its
own. `touched` sorts what a transaction has done; `histories` has what is known of pads, and
`partitions` of leases and inboxes; `announcements` is about what workers are told.
"""

from __future__ import annotations

from collections.abc import Callable

from padfleet.shared.log.entries import Submission
from tests.world.guards.announcements import look_at_announcements
from tests.world.guards.answers import Answers
from tests.world.guards.histories import Histories
from tests.world.guards.keys import pad_of
from tests.world.guards.partitions import Partitions
from tests.world.guards.people import look_at_members
from tests.world.guards.touched import touched_by
from tests.world.guards.witnesses import Witnesses
from tests.world.redis.call import Call
from tests.world.redis.server import Server


class Ledger:
    """The book of one fleet."""

    def __init__(self, found: Callable[[str], None]) -> None:
        """Takes `found`, which is called with each fault in words that begin with the invariant's
        name."""
        self._found = found
        self._answers = Answers()
        self.histories = Histories(found, self._answers)
        self.partitions = Partitions(found, self._answers, self.histories.damaged)
        self._witnesses = Witnesses(found)
        self._servers: list[Server] = []
        self.split = False
        """Whether a server whose place another had taken has gone on, so that what is committed may
        be unknown here."""
        self.transactions = 0
        self.frozen = self.thawed = 0  #: how often a pad has left for the cold store, or come back

    def follow(self, servers: list[Server]) -> None:
        """Takes the servers that count from now on, with their present content: one has been
        started, wiped or promoted, and may have lost what another had."""
        self._servers = servers
        for server in servers:
            server.watcher = self.committed
        self.histories.begin_anew(servers)
        self.partitions.begin_anew(servers)
        self._witnesses.begin_anew(servers)

    def handed_over(self, entry: Submission, host: str) -> None:
        """Notes what a node's worker has handed over to its writer without an inbox."""
        self._answers.handed[entry.origin] = host, entry

    def may_be_settled(self, entry: Submission) -> bool:
        """Returns whether a submission is a revision or has had an answer, or nobody here can
        know."""
        damaged = map(pad_of, self.histories.damaged)
        return self.split or entry.pad in damaged or self._answers.has(entry.origin)

    def committed(self, server: Server, who: str, call: Call) -> None:
        """Checks a transaction; `who` is the host whose connection it came by."""
        if server not in self._servers:
            self.histories.overhear(call)
            self.split = True
            return
        self.transactions += 1
        touched = touched_by(call)
        self.frozen += touched.freezes
        self.thawed += touched.thaws
        for inbox, effect in touched.entries:
            self.partitions.came(inbox, effect)
        new = {}
        for base, anew in touched.pads.items():
            if base not in self.histories.damaged:
                waiting = self.partitions.waiting_at(base)
                new[base] = self.histories.look_at(server, base, who, waiting, anew=anew)
        for base, data in touched.snapshots.items():
            self.histories.look_at_snapshot(base, data)
        if touched.freezes and touched.left:
            self._found(f"I5 {pad_of(touched.left)}: frozen while somebody is on it")
        self._witnesses.look_at(server, call, [base for base, anew in touched.pads.items() if anew])
        look_at_members(self._found, server, call)
        told = look_at_announcements(self._found, self.histories, server, call, new)
        for origin in told.outcomes:
            self._answers.note(origin)
        for key in touched.states:
            self.partitions.look_at(server, key, who, call, told, touched.taken_out)
