"""Makes up traces, and keeps an account of its own of each state's text."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

LETTERS = "abc é漢😀👩\n"


@dataclass(eq=False)
class Char:
    point: str
    by: tuple[int, int]  #: agent, number of its transaction
    gone: list[tuple[int, int]] = field(default_factory=list)


class Scribe:
    """Writes a trace. Every agent types into a paragraph of its own, so that no two ever insert at
    one place, and deletes wherever it likes but for the marks between the paragraphs."""

    def __init__(self, agents: int, seed: int) -> None:
        self._dice = random.Random(seed)
        self._agents = agents
        self.txns: list[dict[str, Any]] = []
        self._versions: list[tuple[int, ...]] = []  #: after each transaction
        self._known = [[0] * agents for _ in range(agents)]  #: by each agent, of each agent
        self._tips: list[set[int]] = [set() for _ in range(agents)]
        marks = "".join(f"{agent}|" for agent in range(agents))
        self._chars = [Char(point, (0, 1)) for point in marks]
        self._write(0, [0, 0, marks])
        for agent in range(1, agents):
            self.meet(agent, 0)

    def text(self, version: list[int] | tuple[int, ...]) -> list[Char]:
        """Returns the characters after this many transactions of each agent."""

        def seen(stamp: tuple[int, int]) -> bool:
            return stamp[1] <= version[stamp[0]]

        return [c for c in self._chars if seen(c.by) and not any(map(seen, c.gone))]

    def meet(self, agent: int, other: int) -> None:
        """Tells the agent everything that the other one knows."""
        self._known[agent] = list(map(max, self._known[agent], self._known[other]))
        self._tips[agent] |= self._tips[other]

    def edit(self, agent: int) -> None:
        patches = []
        number = self._known[agent][agent] + 1
        version = [*self._known[agent]]
        version[agent] = number
        for _ in range(self._dice.choice((1, 1, 1, 2))):
            text = self.text(version)
            if self._dice.random() < 0.35:
                patches.append(self._delete(text, (agent, number)))
            else:
                patches.append(self._insert(text, (agent, number)))
        self._write(agent, *patches)

    def _insert(self, text: list[Char], stamp: tuple[int, int]) -> list[Any]:
        mark = next(c for c in self._chars if c.point == str(stamp[0]) and c.by == (0, 1))
        last = start = text.index(mark) + 1
        while last < len(text) and text[last].by[0] == stamp[0] and text[last].point != "|":
            last += 1
        place = self._dice.randint(start, last)
        typed = "".join(self._dice.choices(LETTERS, k=self._dice.randint(1, 3)))
        after = self._chars.index(text[place - 1]) + 1
        self._chars[after:after] = [Char(point, stamp) for point in typed]
        return [place, 0, typed]

    def _delete(self, text: list[Char], stamp: tuple[int, int]) -> list[Any]:
        place = self._dice.randrange(len(text))
        count = 0
        while place + count < len(text) and count < 3 and text[place + count].by != (0, 1):
            text[place + count].gone.append(stamp)
            count += 1
        return [place, count, ""]

    def _write(self, agent: int, *patches: list[Any]) -> None:
        parents = sorted(
            tip
            for tip in self._tips[agent]
            if not any(tip != other and self._covers(other, tip) for other in self._tips[agent])
        )
        self._known[agent][agent] += 1
        self._versions.append(tuple(self._known[agent]))
        self._tips[agent] = {len(self.txns)}
        self.txns.append({"agent": agent, "parents": parents, "patches": list(patches)})

    def _covers(self, one: int, other: int) -> bool:
        return all(map(int.__ge__, self._versions[one], self._versions[other]))

    def finish(self) -> dict[str, Any]:
        for agent in range(1, self._agents):
            self.meet(0, agent)
        self._write(0)
        end = "".join(char.point for char in self.text(self._known[0]))
        return {
            "kind": "concurrent",
            "numAgents": self._agents,
            "endContent": end,
            "txns": self.txns,
        }


def made_up(agents: int, edits: int, seed: int) -> dict[str, Any]:
    """Returns a trace in which everybody hears from the others now and then."""
    dice, scribe = random.Random(seed), Scribe(agents, seed)
    for _ in range(edits):
        agent = dice.randrange(agents)
        if dice.random() < 0.3:
            scribe.meet(agent, dice.randrange(agents))
        scribe.edit(agent)
    return scribe.finish()
