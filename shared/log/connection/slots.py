"""This module knows which node of a cluster has which slots, and finds out cheaply that nothing has
changed.

While a node is away, each command that fails asks again. redis-py then makes a table of all 16384
slots anew, which takes an event loop some milliseconds, and has every connection to every node made
anew, whatever the answer was. Here, an answer that is known already changes nothing.
"""

import asyncio
import random
from typing import Any, NamedTuple

from redis import exceptions
from redis.asyncio.cluster import ClusterNode, NodesManager
from redis.cluster import PRIMARY, get_node_name
from redis.utils import str_if_bytes


class SlotRange(NamedTuple):
    """Slots that follow each other and belong to the same nodes."""

    first: int
    last: int
    nodes: tuple[str, ...]  #: their names: the primary, and its replicas


class Slots(NodesManager):
    """redis-py's table of the nodes and their slots."""

    __slots__ = ("_asking", "_rounds", "_table", "_told")

    def __init__(self, like: NodesManager) -> None:
        """Takes the place of a table that nothing has been read into yet."""
        super().__init__(
            list(like.startup_nodes.values()),
            like.require_full_coverage,
            like.connection_kwargs,
            like._dynamic_startup_nodes,
            like.address_remap,
            like._event_dispatcher,
        )
        self._asking = asyncio.Lock()
        self._rounds = 0  #: how often somebody has asked
        self._told: list[SlotRange] = []  #: what the table was made of; empty: never yet
        self._table: dict[int, list[ClusterNode]] = {}  #: as it was then

    async def initialize(
        self,
        additional_startup_nodes_info: list[tuple[str, int]] | None = None,
        last_failed_node_name: str | None = None,
    ) -> None:
        """Asks which node has which slots. Whoever comes while somebody else is asking has the same
        answer. Raises what redis-py raises."""
        rounds = self._rounds
        async with self._asking:
            if self._rounds != rounds:
                return
            failed = last_failed_node_name
            if self._told and not additional_startup_nodes_info:
                told, failed = await self._ask(failed)
                if told == self._told and self._is_as_told():
                    # The one before may be the node that has just failed.
                    self.default_node = self.get_nodes_by_server_type(PRIMARY)[0]
                    self._rounds += 1
                    return
            await super().initialize(additional_startup_nodes_info, failed)
            self._table = dict(self.slots_cache)
            self._told = _ranges_of(self._table)
            self._rounds += 1

    async def _ask(self, failed: str | None) -> tuple[list[SlotRange], str | None]:
        """Returns what the first node says that answers, and the last that did not.

        Arguments:
            failed: the node that is asked last, since it has just failed.
        """
        nodes = list(self.startup_nodes.values())
        random.shuffle(nodes)
        nodes.sort(key=lambda node: node.name == failed)
        for node in nodes:
            try:
                answer = await node.execute_command("CLUSTER SLOTS")
            except (exceptions.RedisError, OSError):
                failed = node.name
            else:
                return self._read(answer, node), failed
        raise exceptions.RedisClusterException("no node says which nodes have which slots")

    def _read(self, answer: list[Any], asked: ClusterNode) -> list[SlotRange]:
        def name(node: list[Any]) -> str:
            # A node that does not know its own address leaves it empty.
            host = str_if_bytes(node[0]) or asked.host
            return get_node_name(*self.remap_host_port(host, int(node[1])))

        return sorted(
            SlotRange(int(first), int(last), tuple(map(name, nodes)))
            for first, last, *nodes in answer
        )

    def _is_as_told(self) -> bool:
        """Returns whether no node has said since then that a slot has moved."""
        return self.slots_cache == self._table and all(
            _names(self._table[first]) == nodes for first, _, nodes in self._told
        )


def _ranges_of(table: dict[int, list[ClusterNode]]) -> list[SlotRange]:
    """Returns the ranges of a table that has just been made: the slots of each share one list."""
    found: list[SlotRange] = []
    first, last, before = 0, -1, list[ClusterNode]()
    for slot in sorted(table):
        nodes = table[slot]
        if nodes is not before or slot != last + 1:
            if before:
                found.append(SlotRange(first, last, _names(before)))
            first, before = slot, nodes
        last = slot
    if before:
        found.append(SlotRange(first, last, _names(before)))
    return found


def _names(nodes: list[ClusterNode]) -> tuple[str, ...]:
    return tuple(node.name for node in nodes)
