"""Simulates the server that clients speak RESP2 to: blocking reads, subscriptions, scripts,
replication, what it keeps over a restart, and all its ways of failing."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

from tests.world.redis.call import OK, Call, Reply, Status
from tests.world.redis.client import Client
from tests.world.redis.cluster import Cluster, slot_of
from tests.world.redis.cluster import commands as command_table
from tests.world.redis.commands import run
from tests.world.redis.keys import matches
from tests.world.redis.replies import encode
from tests.world.redis.scripting import Scripts
from tests.world.redis.store import CommandError, Store, Value
from tests.world.redis.streams import ReadWanted, read_now
from tests.world.redis.tables import CONNECTION, PLAIN

Transaction = tuple[tuple[Any, ...], ...]
"""The effects of one transaction, as commands in bytes, and whatever was moved here as a whole."""

PUT: Final = b"@PUT"
"""A pseudo-command with key, value and expiry, as they came from another server of a cluster."""

_OOM: Final = "OOM command not allowed when used memory > 'maxmemory'."
_READONLY: Final = "READONLY You can't write against a read only replica."


class Server:
    """One life of one server, and its disk, which outlives it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, dice: random.Random, name: str) -> None:
        self.loop = loop
        self.dice = dice
        self.name = name
        self.store = Store()
        self.scripts = Scripts()
        self.run_id = self._hex()
        self.replid = self._hex()
        self.ahead = 0.0  #: seconds by which its clock is ahead of the true time
        self.cluster: Cluster | None = None  #: the cluster that it is a part of
        self.primary: Server | None = None  #: the server that it follows
        self.replicas: list[Server] = []
        self.lag = 0.0005  #: seconds after which a replica has its primary's changes
        self.replication_cut = False
        self.offset = 0  #: how many transactions it has
        # What goes wrong.
        self.refusal = ""  #: what each write is answered with
        self.oom = False
        self.slow = 0.0  #: seconds for each command
        self.cut_before = self.cut_after = 0.0  #: how often a command ends its connection
        self._disk = Store()
        self._unsynced: deque[tuple[float, Transaction]] = deque()
        """The transactions that have not been applied to the disk here. Those that are older than a
        second are on the real disk all the same: they are applied when somebody reads it."""
        self._coming: deque[tuple[float, Transaction]] = deque()
        self._clients: dict[Client, None] = {}
        self._blocked: dict[Client, ReadWanted] = {}
        self._busy_until = 0.0
        self._told: tuple[object, bytes] = (None, b"")  #: INFO's answer, and the state it is for
        self.commands = 0
        self.watcher: Callable[[Server, str, Call], None] | None = None
        """Called with each transaction that has changed something, and with the host that sent
        it."""

    def _hex(self) -> str:
        return f"{self.dice.getrandbits(160):040x}"

    @property
    def now_ms(self) -> int:
        return int((time.time() + self.ahead) * 1000)

    def connection(self) -> Client:
        return Client(self)

    # --- Its life --------------------------------------------------------------------------------

    def hang_up(self) -> None:
        """Disconnects all clients."""
        for client in list(self._clients):
            client.abort()

    def restart(self, lost: float) -> int:
        """Begins a new life. Transactions that were not on the disk are gone: of those in the last
        second the share `lost`, the newest first. Returns how many that was."""
        self.sync(self.loop.time() - 1.0)
        waiting = list(self._unsynced)
        keep = len(waiting) - round(len(waiting) * lost)
        for _, transaction in waiting[:keep]:
            _apply(self._disk, transaction)
        self._unsynced.clear()
        self._begin_anew(self._disk.copy())
        self.replid = self._hex()
        for replica in self.replicas:
            replica.copy_from(self)
        return len(waiting) - keep

    def wipe(self) -> None:
        """Loses everything, as by FLUSHALL, and goes on."""
        self.store, self._disk = Store(), Store()
        self._unsynced.clear()
        for replica in self.replicas:
            replica.copy_from(self)

    def by_hand(self, *command: bytes) -> None:
        """Runs a command as somebody with redis-cli does, whatever else the server refuses."""
        call = self.call()
        run(call, list(command))
        self._committed(call)

    # --- As a part of a cluster ------------------------------------------------------------------

    def hand_over(self, key: bytes, to: Server) -> None:
        """Moves a key with its slot. Both servers write it down; nobody is told."""
        until = self.store.until.get(key)
        value = self.store.values.pop(key)
        self.store.until.pop(key, None)
        self._note(((b"DEL", key),))
        to.store.values[key] = value
        if until is not None:
            to.store.until[key] = until
        to._note(((PUT, key, _copied(value), until),))
        to.sync(to.loop.time())  # otherwise a restart of either would lose what was never written

    def _note(self, transaction: Transaction) -> None:
        now = self.loop.time()
        self.offset += 1
        self._unsynced.append((now, transaction))
        for replica in self.replicas:
            if not self.replication_cut:
                replica._coming.append((now + self.lag, transaction))

    def lost_slot(self, slot: int) -> None:
        """Handles the loss of a slot: clients that wait for something in it, or listen, are told
        so."""
        for client, wanted in list(self._blocked.items()):
            if any(slot_of(key) == slot for key in wanted.streams):
                assert self.cluster is not None
                owner = self.cluster.owner(slot)
                client.answer_block(CommandError(f"MOVED {slot} {owner.name}:6379"))
        for client in list(self._clients):
            client.lose_channels([c for c in client.channels if slot_of(c) == slot])

    def demote(self, primary: Server) -> None:
        """Makes it follow another server, with that one's content."""
        self.follow(primary)
        self.copy_from(primary)
        for client in list(self._blocked):
            client.answer_block(
                CommandError(
                    "UNBLOCKED force unblock from blocking operation, instance state "
                    "changed (master -> replica?)"
                )
            )

    def _begin_anew(self, store: Store) -> None:
        self._clients.clear()
        self._blocked.clear()
        self.store = store
        self.scripts.forget()
        self.run_id = self._hex()
        self.primary = None
        self._coming.clear()

    def sync(self, until: float) -> None:
        """Writes everything that came until then to the disk."""
        while self._unsynced and self._unsynced[0][0] <= until:
            _apply(self._disk, self._unsynced.popleft()[1])

    # --- Replication -----------------------------------------------------------------------------

    def follow(self, primary: Server) -> None:
        self.primary = primary
        primary.replicas.append(self)
        self.copy_from(primary)

    def copy_from(self, primary: Server) -> None:
        self.store, self._disk = primary.store.copy(), primary.store.copy()
        self._unsynced.clear()
        self._coming.clear()
        self.offset = primary.offset
        self.replid = primary.replid

    def promote(self) -> int:
        """Takes the place of its primary. Returns how many transactions it lacks."""
        self.catch_up()
        assert self.primary is not None
        lacks = self.primary.offset - self.offset
        self.primary.replicas.remove(self)
        self.primary = None
        self._coming.clear()
        self.replid = self._hex()
        return lacks

    def catch_up(self) -> None:
        """Applies everything that has come until now."""
        now = self.loop.time()
        while self._coming and self._coming[0][0] <= now:
            _, transaction = self._coming.popleft()
            _apply(self.store, transaction)
            self._unsynced.append((now, transaction))
            self.offset += 1

    def acknowledged(self, offset: int) -> int:
        """Returns how many replicas have reached this offset."""
        for replica in self.replicas:
            replica.catch_up()
        return sum(replica.offset >= offset for replica in self.replicas)

    def _committed(self, call: Call) -> None:
        """Records and publishes the effects of each command, script or transaction."""
        if call.effects:
            now = self.loop.time()
            transaction = tuple(call.effects)
            self.offset += 1
            self._unsynced.append((now, transaction))
            for replica in self.replicas:
                if not self.replication_cut:
                    replica._coming.append((now + self.lag, transaction))
            self._wake_readers(call.effects)
        for channel, data in call.published:
            self._publish(channel, data)

    # --- Commands --------------------------------------------------------------------------------

    def call(self) -> Call:
        return Call(self.store, self.now_ms, info=self._info, listeners=self._listeners)

    def execute(self, args: list[bytes], call: Call, *, in_script: bool = False) -> Reply:
        """Executes a command. Raises CommandError."""
        plain = PLAIN.get(args[0])
        if plain is not None:
            work, least, writes, fills = plain
            if writes and (self.primary is not None or self.refusal or self.oom):
                self._may_write(fills=fills and not (in_script and call.effects))
            if len(args) <= least:
                raise CommandError(
                    f"ERR wrong number of arguments for '{args[0].decode().lower()}' command"
                )
            return work(call, args[1:])
        if args[0] == b"EVALSHA" and not in_script:
            return self._script(args, call)
        name = args[0].decode("latin-1").upper()
        if in_script and name in CONNECTION and name != "PING":
            raise CommandError("ERR This Redis command is not allowed from script")
        if name in ("EVAL", "EVALSHA"):
            return self._script(args, call)
        if name == "PING":
            return args[1] if len(args) > 1 else Status("PONG")
        if name == "CONFIG":
            return self._config(args[1:])
        if name == "SCRIPT":
            return self._script_command(args[1:])
        if name == "FLUSHALL":
            self.wipe()
            return OK
        if name == "CLIENT" and args[1].upper() == b"KILL":
            return self._kill_clients(args[2:])
        if name in ("SELECT", "CLIENT", "READONLY"):
            return OK
        if name == "COMMAND":
            return command_table()
        if name == "CLUSTER":
            return self._cluster_command(args[1:])
        if name == "PUBSUB":
            return self._shard_channels(args[1:])
        return run(call, args)

    def _may_write(self, *, fills: bool) -> None:
        if self.primary is not None:
            raise CommandError(_READONLY)
        if self.refusal:
            raise CommandError(self.refusal)
        if self.oom and fills:
            raise CommandError(_OOM)

    def _script(self, args: list[bytes], call: Call) -> Reply:
        if len(args) < 3:
            raise CommandError(
                f"ERR wrong number of arguments for '{args[0].decode().lower()}' command"
            )
        count = int(args[2])
        keys, rest = args[3 : 3 + count], args[3 + count :]
        if args[0].upper() == b"EVAL":
            sha = self.scripts.load(args[1])
        else:
            sha = args[1].lower()
            if not self.scripts.knows(sha):
                raise CommandError("NOSCRIPT No matching script. Please use EVAL.")

        execute, refuses = self.execute, self.primary is not None or self.refusal or self.oom

        def ask(asked: list[bytes]) -> Reply:
            plain = PLAIN.get(asked[0])
            if plain is None or refuses or len(asked) <= plain[1]:
                return execute(asked, call, in_script=True)
            return plain[0](call, asked[1:])

        return self.scripts.run(sha, keys, rest, ask)

    def _script_command(self, args: list[bytes]) -> Reply:
        match args[0].upper():
            case b"LOAD":
                return self.scripts.load(args[1])
            case b"FLUSH":
                self.scripts.forget()
                return OK
        raise CommandError("ERR only SCRIPT LOAD and SCRIPT FLUSH are simulated")

    def _cluster_command(self, args: list[bytes]) -> Reply:
        if self.cluster is None:
            raise CommandError("ERR This instance has cluster support disabled")
        if args[0].upper() != b"SLOTS":
            raise CommandError("ERR only CLUSTER SLOTS is simulated")
        return self.cluster.ranges()

    def _config(self, args: list[bytes]) -> list[bytes]:
        if args[0].upper() != b"GET":
            raise CommandError("ERR only CONFIG GET is simulated")
        values = {
            b"appendonly": b"yes",
            b"appendfsync": b"everysec",
            b"save": b"",
            b"maxmemory-policy": b"noeviction",
        }
        return [part for name in args[1:] if name in values for part in (name, values[name])]

    def _info(self, _sections: list[bytes]) -> bytes:
        role = "master" if self.primary is None else "slave"
        state = (self.run_id, self.replid, role, len(self.replicas))
        if self._told[0] != state:
            self._told = (state, self._about(role))
        return self._told[1]

    def _about(self, role: str) -> bytes:
        lines = [
            "# Server",
            "redis_version:7.2.0",
            f"run_id:{self.run_id}",
            "process_id:1",
            "# Memory",
            "maxmemory_policy:noeviction",
            "# Persistence",
            "loading:0",
            "aof_enabled:1",
            "aof_last_write_status:ok",
            "# Replication",
            f"role:{role}",
            f"connected_slaves:{len(self.replicas)}",
            f"master_replid:{self.replid}",
        ]
        return ("\r\n".join(lines) + "\r\n").encode()

    # --- Those who wait --------------------------------------------------------------------------

    def block(self, client: Client, wanted: ReadWanted) -> None:
        self._blocked[client] = wanted

    def unblock(self, client: Client) -> None:
        self._blocked.pop(client, None)

    def _wake_readers(self, effects: Iterable[tuple[bytes, ...]]) -> None:
        if not self._blocked:
            return
        touched = {effect[1] for effect in effects}
        touched.update([effect[2] for effect in effects if effect[0] == b"RENAME"])
        for client, wanted in list(self._blocked.items()):
            if touched.isdisjoint(wanted.streams):
                continue
            try:
                found: Reply = read_now(self.call(), wanted)
            except CommandError as error:
                found = error
            if found is not None:
                client.answer_block(found)

    # --- Subscriptions ---------------------------------------------------------------------------

    def _listeners(self, channel: bytes) -> int:
        return len([client for client in self._clients if channel in client.channels])

    def _publish(self, channel: bytes, data: bytes) -> None:
        message: bytes | None = None
        for client in list(self._clients):
            if channel in client.channels:
                if message is None:
                    message = encode([b"smessage", channel, data])
                client.push(message)

    def came(self, client: Client) -> None:
        self._clients[client] = None

    def went(self, client: Client) -> None:
        self._clients.pop(client, None)
        self._blocked.pop(client, None)

    def _shard_channels(self, args: list[bytes]) -> Reply:
        if args[0].upper() != b"SHARDCHANNELS":
            raise CommandError("ERR only PUBSUB SHARDCHANNELS is simulated")
        found = {channel: None for client in self._clients for channel in client.channels}
        pattern = args[1] if len(args) > 1 else b"*"
        return [channel for channel in found if matches(channel, pattern)]

    def _kill_clients(self, args: list[bytes]) -> int:
        words = [word.upper() for word in args]
        if words == [b"TYPE", b"PUBSUB"]:
            killed = self.subscribers()
        elif words == [b"TYPE", b"NORMAL", b"SKIPME", b"NO"]:
            killed = [client for client in self._clients if not client.channels]
        else:
            raise CommandError("ERR these words of CLIENT KILL are not simulated")
        for client in killed:
            self.loop.call_soon(client.abort)  # the client that asks gets its answer first
        return len(killed)

    def subscribers(self) -> list[Client]:
        return [client for client in self._clients if client.channels]

    def next_turn(self) -> float:
        """Returns when the next command is done, if the server is slow."""
        self._busy_until = max(self._busy_until, self.loop.time()) + self.slow
        return self._busy_until


def _apply(store: Store, transaction: Transaction) -> None:
    """Applies a transaction. Nothing expires meanwhile, whatever the clock shows by now: as in
    Redis, what is read from the disk or comes from a primary is done, and an expiry is announced
    like any other effect."""
    call = Call(store, 0)
    for effect in transaction:
        if effect[0] == PUT:
            _, key, value, until = effect
            store.drop(key)
            store.values[key] = _copied(value)
            if until is not None:
                store.until[key] = until
        else:
            run(call, list(effect))


def _copied(value: Value) -> Value:
    return value if isinstance(value, bytes) else value.copy()
