"""One author of a replayed session, who edits what was seen at the time, not what has come since.

The client underneath takes in every revision as it comes, as any client does, so its text may be
ahead of what the recorded author saw. Each edit is made on exactly the recorded state, in the
model, and carried over to the client's text by the identity of the characters it lies between.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.replay.model import Edit, Model
from services.replay.trace import Trace, Transaction
from shared.client import Accepted, Changed, Pad
from shared.client.pad import Event
from shared.easysync import from_units, to_units

FULL_CHECK_EVERY = 500
"""Transactions between two comparisons of the client's whole text with the model's. Their lengths
are compared at each."""


@dataclass
class Ledger:
    """Which transactions the revisions of each author hold; shared by all authors of a replay."""

    pads: list[Pad]  #: by agent
    agent_of: dict[str, int] = field(init=False)  #: by author id
    uptos: list[list[int]] = field(init=False)
    """Per agent, for each of its revisions in order: up to which of its transactions it goes."""
    void: list[dict[int, int]] = field(init=False)
    """Per agent: transactions that came to nothing, as before → up to. No revision shows them."""
    done: int = 0  #: transactions made

    def __post_init__(self) -> None:
        self.agent_of = {pad.author_id: agent for agent, pad in enumerate(self.pads)}
        self.uptos = [[] for _ in self.pads]
        self.void = [{} for _ in self.pads]
        self._tasks: set[asyncio.Task[None]] = set()

    def note_void(self, agent: int, before: int, upto: int) -> None:
        """Nobody will hear of these transactions, so whoever waits for them is told here."""
        self.void[agent][before] = upto
        for pad in self.pads:
            task = asyncio.create_task(pad.look_again())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def onwards(self, agent: int, upto: int) -> int:
        """Whoever has seen `upto` transactions has seen as many as this."""
        while upto in self.void[agent]:
            upto = self.void[agent][upto]
        return upto


class Author:
    """Replays the transactions of one agent on `pad`."""

    def __init__(self, agent: int, trace: Trace, pad: Pad, ledger: Ledger, model: Model) -> None:
        self.agent = agent
        self.pad = pad
        self.waits_for = ""
        self._transactions = trace.of_agent(agent)
        self._ledger = ledger
        self._model = model
        self._seen = 2 * agent  # views of the model: the recorded state,
        self._now = 2 * agent + 1  # and the client's text
        self._have = [0] * trace.agents  # transactions in the client's text, by agent
        self._revisions = [0] * trace.agents  # taken in, by agent
        self._submitted = 0  # own transactions that are under way or done
        self._rev = pad.rev
        pad.on_event(self._came)
        pad.on_submit(self._submits)

    async def run(self) -> None:
        """Makes all transactions of this agent, each as soon as what it was made on has come."""
        for item in self._transactions:
            if not self._has(item.needs):
                self.waits_for = f"what its transaction {item.number} was made on ({item.needs})"
                await self.pad.until(lambda item=item: self._has(item.needs))  # type: ignore[misc]
            self._perform(item)
            await self.pad.submit()
        self.waits_for = "its last edits to be accepted"
        await self.pad.flush()
        self._note_void()
        self.waits_for = ""

    def _has(self, needs: Sequence[int]) -> bool:
        self._note_void()
        for agent in range(len(needs)):
            self._have[agent] = self._ledger.onwards(agent, self._have[agent])
        return all(have >= need for have, need in zip(self._have, needs, strict=True))

    def _perform(self, item: Transaction) -> None:
        self._model.show(self._seen, item.needs)
        self._model.show(self._now, self._have)
        self._check(item)
        for edit in self._model.perform(item, self._seen, self._now):
            self._edit(edit)
        self._have[self.agent] = item.number
        self._ledger.done += 1

    def _check(self, item: Transaction) -> None:
        """That the state is the recorded one, and the client's text what the model takes it for."""
        assert self._model.version(self._seen) == item.needs
        text = self.pad.text
        length = len(text) if text.isascii() else len(from_units(text))
        same = length == self._model.length(self._now) + 1
        if same and item.number % FULL_CHECK_EVERY == 0:
            same = from_units(text) == self._model.text(self._now) + "\n"
        if not same:
            raise AssertionError(
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

    # --- What the client reports -----------------------------------------------------------------

    def _came(self, event: Event) -> None:
        match event:
            case Changed(rev, author, _):
                self._rev = rev
                agent = self._ledger.agent_of[author]
                self._have[agent] = self._ledger.uptos[agent][self._revisions[agent]]
                self._revisions[agent] += 1
            case Accepted(rev):
                if rev == self._rev:
                    # The pad is as before, so nobody else is told.
                    uptos = self._ledger.uptos[self.agent]
                    upto = uptos.pop()
                    self._ledger.note_void(self.agent, uptos[-1] if uptos else 0, upto)
                self._rev = rev

    def _submits(self) -> None:
        self._submitted = self._have[self.agent]
        self._ledger.uptos[self.agent].append(self._submitted)

    def _note_void(self) -> None:
        """Edits that cancelled each other out before they were sent make no revision either."""
        own = self._have[self.agent]
        if self._submitted < own and not self.pad.state.has_waiting:
            self._ledger.note_void(self.agent, self._submitted, own)
            self._submitted = own
