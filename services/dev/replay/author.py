"""Simulates one author of a replayed session, who edits the text as it was seen at the time.

An author makes an edit at the moment when the revisions that it was made on have come in, before
the next one is taken in, and so makes it on the recorded text. Meanwhile, the own edits that
somebody else's edit will need are submitted as a revision of their own, so that this text exists at
all. With two authors this always suffices: the revisions that one still lacks can only be the
other's, and come in order.

With three or more, the server's order may put a revision that an edit does not know before one that
it needs. The client's text is then ahead of what the recorded author saw, and the edit is carried
over to it by the identity of the characters that it lies between (see `model`).
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from padfleet.services.dev.replay.model import Edit, ReplayModel
from padfleet.services.dev.replay.trace import EditTrace, Transaction
from padfleet.shared.client import Accepted, Changed, Event, Pad
from padfleet.shared.easysync import from_units, to_units

FULL_CHECK_EVERY = 500
"""How many transactions are made between two comparisons of the client's whole text with the
model's. The lengths are compared after each one."""


class ReplayFailed(Exception):
    """The session could not be replayed, or came out differently; the text says how."""


class VoidTransactions(NamedTuple):
    """Transactions that came to nothing, so that no revision shows them."""

    upto: int  #: up to which of the agent's transactions
    rev: int
    """The pad's revision when they came to nothing. The cause may be somebody else's revision,
    which had removed the same characters: at an earlier revision, the text is still a different
    one."""


@dataclass
class ReplayLedger:
    """Which transactions the revisions of each author hold; shared by all authors of a replay."""

    pads: list[Pad]  #: by agent
    agent_of: dict[str, int] = field(init=False)  #: by author id
    uptos: list[list[int]] = field(init=False)
    """Per agent, for each of its revisions in order: up to which of its transactions it goes."""
    voids: list[dict[int, VoidTransactions]] = field(init=False)
    """Per agent, by how many of its transactions were made before them."""
    on_void: list[Callable[[], None]] = field(default_factory=list)
    """Callbacks of those who may wait for void transactions, of which the server tells nobody."""
    done: int = 0  #: transactions made
    exact: int = 0  #: of these, made on exactly the recorded text

    def __post_init__(self) -> None:
        self.agent_of = {pad.author_id: agent for agent, pad in enumerate(self.pads)}
        self.uptos = [[] for _ in self.pads]
        self.voids = [{} for _ in self.pads]

    def note_void(self, agent: int, before: int, upto: int) -> None:
        self.voids[agent][before] = VoidTransactions(upto, self.pads[agent].rev)
        for listener in self.on_void:
            listener()

    def onwards(self, agent: int, have: int, need: int, rev: int) -> int:
        """Returns how many transactions an author has seen who has seen `have` of them at revision
        `rev`: void ones need not be waited for. It goes no further than `need`, since the text
        would be the same, but the state would not."""
        while have < need:
            void = self.voids[agent].get(have)
            if void is None or void.rev > rev:
                break
            have = void.upto
        return have


class ReplayAuthor:
    """Replays the transactions of one agent on `pad`, at most `merge` of them in one revision."""

    def __init__(
        self,
        agent: int,
        trace: EditTrace,
        pad: Pad,
        ledger: ReplayLedger,
        model: ReplayModel,
        merge: int,
    ) -> None:
        self.agent = agent
        self.pad = pad
        self._todo = deque(trace.of_agent(agent))
        self._cuts = trace.cut_points(agent)
        self._merge = merge
        self._ledger = ledger
        self._model = model
        self._seen = 2 * agent  # views of the model: the recorded state,
        self._now = 2 * agent + 1  # and the client's text
        self._have = [0] * trace.agents  # transactions in the client's text, by agent
        self._revisions = [0] * trace.agents  # taken in, by agent
        self._drafts: deque[int] = deque()  # up to which own transaction each waiting draft goes
        self._submitted = 0  # own transactions that are under way or done
        self._before_flight = 0  # own transactions before those that are under way
        self._rev = pad.rev
        self._performing = False
        pad.on_event(self._came)
        pad.on_submit(self._moved_on)
        ledger.on_void.append(self._void_came)

    async def run(self) -> None:
        """Makes all transactions of this agent, each as soon as the revisions that it was made on
        have come."""
        while self._todo:
            await self.pad.until(self._due)
            await self.pad.submit()
        await self.pad.submit()  # what was made while the last submission was on its way
        await self.pad.flush()

    @property
    def waits_for(self) -> str:
        if self._todo:
            item = self._todo[0]
            return (
                f"what its transaction {item.number} was made on: has {tuple(self._have)} of each "
                f"author's transactions, needs {item.needs}"
            )
        return "" if self.pad.state.settled else "its last edits to be accepted"

    def _due(self) -> bool:
        """Makes the edits that can be made, and returns whether there is something to send, or
        nothing more to do."""
        self._perform_all()
        state = self.pad.state
        return not self._todo or (state.has_waiting and not state.submitting)

    def _perform_all(self) -> None:
        """Makes all edits for which everything is here. Nothing may happen in between."""
        if self._performing:  # one of ours was void, and the news has come round
            return
        self._performing = True
        try:
            while self._todo and self._has(self._todo[0].needs):
                self._perform(self._todo.popleft())
        finally:
            self._performing = False

    def _has(self, needs: Sequence[int]) -> bool:
        for agent, need in enumerate(needs):
            self._have[agent] = self._ledger.onwards(agent, self._have[agent], need, self.pad.rev)
        return all(have >= need for have, need in zip(self._have, needs, strict=True))

    def _perform(self, item: Transaction) -> None:
        self._model.show(self._seen, item.needs)
        self._model.show(self._now, self._have)
        self._check(item)
        # What is left of an edit may be nothing; it then becomes a draft that comes to nothing.
        for edit in self._model.perform(item, self._seen, self._now) or [Edit(0, 0, "")]:
            self._edit(edit)
        self._have[self.agent] = item.number
        self._note_draft(item.number)
        begun = self._drafts[-2] if len(self._drafts) > 1 else self._submitted
        if item.number in self._cuts or item.number - begun >= self._merge:
            self.pad.state.seal()
        self._ledger.done += 1

    def _check(self, item: Transaction) -> None:
        """Checks that the state is the recorded one, and that the client's text is the one in the
        model."""
        assert self._model.version(self._seen) == item.needs
        exact = tuple(self._have) == item.needs
        self._ledger.exact += exact
        if not exact and len(item.needs) < 3:
            raise ReplayFailed(
                f"transaction {item.number} of author {self.agent} was made on {item.needs} of "
                f"each author's transactions, but {tuple(self._have)} have come in"
            )
        text = self.pad.text
        length = len(text) if text.isascii() else len(from_units(text))
        same = length == self._model.length(self._now) + 1
        if same and item.number % FULL_CHECK_EVERY == 0:
            same = from_units(text) == self._model.text(self._now) + "\n"
        if not same:
            raise ReplayFailed(
                f"before transaction {item.number}, author {self.agent} has another text than the "
                "trace says"
            )

    def _edit(self, edit: Edit) -> None:
        text, start, removed = self.pad.text, edit.start, edit.removed
        if not text.isascii():
            points = from_units(text)
            start = len(to_units(points[: edit.start]))
            removed = len(to_units(points[edit.start : edit.start + edit.removed]))
        self.pad.state.edit(start, removed, to_units(edit.inserted))

    def _note_draft(self, number: int) -> None:
        """Notes that transaction `number` has gone into the last of the waiting drafts."""
        if self._waiting > len(self._drafts):
            self._drafts.append(number)
        else:
            self._drafts[-1] = number

    @property
    def _waiting(self) -> int:
        return self.pad.state.drafts - self.pad.state.submitting

    # --- What the client reports -----------------------------------------------------------------

    def _came(self, event: Event) -> None:
        match event:
            case Changed(rev, author, _):
                agent = self._ledger.agent_of.get(author)
                if agent is None:
                    raise ReplayFailed(f"somebody else ({author or 'nobody'}) writes to the pad")
                self._have[agent] = self._ledger.uptos[agent][self._revisions[agent]]
                self._revisions[agent] += 1
                self._rev = rev
            case Accepted(rev):
                if rev == self._rev:
                    # The pad is as before, so nobody else is told.
                    uptos = self._ledger.uptos[self.agent]
                    self._ledger.note_void(self.agent, self._before_flight, uptos.pop())
                self._rev = rev
        self._perform_all()

    def _void_came(self) -> None:
        self._perform_all()
        self.pad.look_again()  # for there may be something to send now

    def _moved_on(self, sent: bool) -> None:
        """Notes that drafts have left. The last of them has gone to the server, if any was sent;
        the others came to nothing."""
        gone = [self._drafts.popleft() for _ in range(len(self._drafts) - self._waiting)]
        boundaries = [self._submitted, *gone]
        self._submitted = boundaries[-1]
        if sent:
            self._before_flight = boundaries[-2]
            self._ledger.uptos[self.agent].append(boundaries.pop())
        for before, upto in pairwise(boundaries):
            self._ledger.note_void(self.agent, before, upto)
