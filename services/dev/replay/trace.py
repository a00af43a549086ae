"""Reads concurrent editing traces, and finds out which state each edit was made on. Pure.

The format is that of the editing-traces collection (its "concurrent" kind): transactions that name
their parents, with patches ``[position, removed, inserted]`` counted in Unicode code points.
"""

import gzip
import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

Version = tuple[int, ...]
"""How many transactions of each agent a state holds. The transactions of one agent are in order, so
this names a state exactly."""


class BadTrace(ValueError):
    """The file is not a trace that can be replayed; the text says where and why."""


class TracePatch(NamedTuple):
    position: int  #: code points from the start
    removed: int  #: code points
    inserted: str


class Transaction(NamedTuple):
    agent: int
    number: int  #: among the agent's own, from 1
    needs: Version  #: the state that it was made against
    patches: tuple[TracePatch, ...]


@dataclass(frozen=True)
class EditTrace:
    agents: int
    transactions: tuple[Transaction, ...]  #: each after all that it was made on top of
    end_content: str

    def of_agent(self, agent: int) -> list[Transaction]:
        return [item for item in self.transactions if item.agent == agent]

    def cut_points(self, agent: int) -> frozenset[int]:
        """Returns the agent's transactions after which somebody else's edit was made on the text.
        They must not be merged with the one that follows."""
        others = (item for item in self.transactions if item.agent != agent)
        return frozenset(item.needs[agent] for item in others)


def read_trace(path: Path) -> EditTrace:
    """Reads the trace in a file, plain or gzipped. Raises `BadTrace`, or OSError."""
    data = path.read_bytes()
    try:
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        content = json.loads(data)
    except RecursionError:
        raise BadTrace("not JSON that can be read: nested too deeply") from None
    except (ValueError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadTrace(f"not JSON, plain or gzipped: {error}") from None
    return parse_trace(content)


def parse_trace(content: Any) -> EditTrace:
    """Returns the trace that a decoded file holds. Raises `BadTrace`."""
    if not isinstance(content, dict):
        raise BadTrace("the file does not hold a JSON object")
    agents, txns, end = (content.get(key) for key in ("numAgents", "txns", "endContent"))
    if content.get("kind", "concurrent") != "concurrent":
        raise BadTrace(f"kind is {content['kind']!r}; only concurrent traces name their parents")
    if type(agents) is not int or agents < 1:
        raise BadTrace("numAgents is missing or not a number of agents")
    if not isinstance(txns, list) or not txns:
        raise BadTrace("txns is missing or empty")
    if not isinstance(end, str):
        raise BadTrace("endContent is missing")
    transactions: list[Transaction] = []
    after: list[Version] = []
    counts = [0] * agents
    for index, txn in enumerate(txns):
        try:
            made = _transaction(txn, agents, after, counts)
        except (BadTrace, KeyError, TypeError) as error:
            raise BadTrace(f"txns[{index}]: {error}") from None
        counts[made.agent] += 1
        after.append(_with(made.needs, made.agent))
        transactions.append(made)
    if after[-1] != tuple(counts):
        raise BadTrace("the last transaction does not come after all the others")
    return EditTrace(agents, tuple(transactions), end)


def _transaction(txn: Any, agents: int, after: list[Version], counts: list[int]) -> Transaction:
    if not isinstance(txn, dict):
        raise BadTrace("not an object")
    agent, parents = txn["agent"], txn["parents"]
    if type(agent) is not int or not 0 <= agent < agents:
        raise BadTrace(f"agent {agent!r} is not one of 0…{agents - 1}")
    if not isinstance(parents, list) or not all(
        type(parent) is int and 0 <= parent < len(after) for parent in parents
    ):
        raise BadTrace("parents are not numbers of earlier transactions")
    needs = (0,) * agents
    for parent in parents:
        needs = tuple(map(max, needs, after[parent]))
    if needs[agent] != counts[agent]:
        raise BadTrace(f"does not come after all earlier transactions of its agent {agent}")
    return Transaction(agent, counts[agent] + 1, needs, tuple(map(_patch, txn["patches"])))


def _patch(patch: Any) -> TracePatch:
    match patch:
        case [position, removed, str(inserted), *_] if _is_count(position) and _is_count(removed):
            return TracePatch(position, removed, inserted)
    raise BadTrace(f"patch {patch!r} is not [position, removed, inserted]")


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _with(version: Version, agent: int) -> Version:
    return (*version[:agent], version[agent] + 1, *version[agent + 1 :])
