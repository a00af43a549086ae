"""Tests which package may import which: each one imports only from the packages below it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from redis.asyncio import Redis as Client

from padfleet.shared.log.connection.connect import Redis

ROOT = Path(__file__).parents[2]

PUBLIC = ("__main__", "easysync", "hooks")
"""Modules of src/padfleet itself. (Of `padfleet`, all may import `__version__`.)"""

APART = ("services.fanout", "services.writer", "services.web", "services.tools", "services.dev")
"""These never import each other,"""

MOUNTS = {("services.fanout", "services.web")}
"""but a worker serves what `web` has, and its `wiring.http` alone puts the two together."""

FANOUT = (
    ("metrics", "errors"),
    ("auth",),
    ("limits",),
    ("transport",),
    ("pads",),
    ("delivery",),
    ("presence",),
    ("hub",),
    ("requests",),
    ("collab", "timeslider"),
    ("ops",),
    ("wiring",),
    ("app",),
    ("__main__",),
)
"""The rooms of a worker, lowest first. Each imports from those before it only."""

WRITER = (
    ("metrics", "damaged_pads"),
    ("pads",),
    ("storing",),
    ("settling",),
    ("cleanup",),
    ("cold",),
    ("leases",),
    ("ops",),
    ("app",),
    ("__main__",),
)
"""The rooms of a writer, likewise."""

LOG = (
    ("births", "form", "keys", "records", "reigns"),
    ("entries", "outcomes"),
    ("channel_messages",),
    ("elsewhere", "register"),
    ("connection",),
    ("damage",),
    ("fleet",),
    ("people",),
    ("pad",),
    ("inboxes",),
    ("changes",),
)
"""The rooms of the log, likewise."""

SHARED = (
    ("batches", "bucket", "budget", "counting", "lifetime", "misses", "ordering", "palette"),
    ("fault_reports", "flushes", "task_faults"),
    ("payers", "pids", "refusals", "rounds", "serving", "tasks", "turnstile"),
    ("easysync", "tracing"),
    ("health", "limited", "settings", "wire"),
    ("bounds", "client", "logs", "supervision"),
    ("deadlines", "log", "rendering", "responsiveness", "runtime"),
    ("archive", "documents", "etherpad", "fleet", "visit"),
    ("cold", "conversion"),
    ("deeds", "process", "tool"),
)
"""The packages and modules that all services share, likewise."""

SEAMS = {"shared.log.elsewhere", "shared.log.register"}
"""The protocols for pads and people that are not in Redis. They use what is above them only in type
annotations."""

REDIS = frozenset(("redis", "_redis"))
"""The names under which code holds a `shared.log.connection.connect.Redis`."""

PIPELINES = frozenset(("pipeline", "_pipeline", "pipe", "_pipe", "auto_pipeline"))

COMMANDS = frozenset(name for name in dir(Client) if not name.startswith("_")) | {"execute"}

BARE = frozenset(
    ("execute_command", "send_command", "send_packed_command", "pack_commands", "read_response")
)
"""Methods that send a command or read its answer, on an object of any name."""


@cache
def sources() -> dict[str, ast.Module]:
    """Returns the code of each module below `padfleet` by the module's name."""
    found = {}
    for top in ("services", "shared", "src/padfleet"):
        for path in (ROOT / top).rglob("*.py"):
            if {"node_modules", "services", "shared"} & set(path.relative_to(ROOT / top).parts):
                continue
            name = path.relative_to(ROOT / (top if top.startswith("src") else ".")).with_suffix("")
            found[".".join(name.parts).removesuffix(".__init__")] = ast.parse(path.read_text())
    return found


@cache
def imports() -> dict[str, frozenset[str]]:
    """Returns what each module imports from the package, as names below `padfleet`."""
    return {name: frozenset(_of(tree)) for name, tree in sources().items()}


def _of(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            whole = [alias.name for alias in node.names]
        else:
            continue
        for name in whole:
            if name.startswith("padfleet."):
                yield name.removeprefix("padfleet.")


def _room(name: str) -> str:
    """Returns `services.fanout` or a like name: the first two parts of a module's name."""
    return ".".join(name.split(".")[:2])


def _called(node: ast.expr) -> str:
    """Returns the last part of a name: `_redis` for `self._redis`, `pipeline` for `pipeline`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _spoken(tree: ast.Module) -> Iterator[str]:
    """Yields everything in this code that speaks to Redis directly, or could."""
    offered = set(dir(Redis)) | {"read_limit"}
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                whole = [alias.name for alias in names]
            case ast.ImportFrom(module=str(module), names=names):
                whole = [f"{module}.{alias.name}" for alias in names]
            case ast.Attribute(value=on, attr=name):
                if (
                    (_called(on) in REDIS and name not in offered)
                    or name in BARE
                    or (_called(on) in PIPELINES and name in COMMANDS)
                ):
                    yield ast.unparse(node)
                continue
            case _:
                continue
        for name in whole:
            if name.split(".")[0] == "redis" and not name.startswith("redis.exceptions."):
                yield f"import {name}"
            if name.startswith("padfleet.shared.log.connection.scripts"):
                yield f"import {name}"


def test_all_of_the_code_is_looked_at() -> None:
    assert len(imports()) > 400
    assert "shared.log.inboxes.inbox" in imports()
    assert "shared.log.records.Revision" in imports()["services.fanout.pads.steps"]


def test_a_class_has_a_name_of_its_own() -> None:
    """Each thing has one name. Private classes are left to their module."""
    places: dict[str, list[str]] = {}
    for name, tree in sources().items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(name)
    assert not {name: there for name, there in places.items() if len(there) > 1}


def test_shared_imports_no_service() -> None:
    odd = [
        f"{name}: {other}"
        for name, others in imports().items()
        for other in others
        if name.startswith("shared") and other.startswith("services")
    ]
    assert not odd


def test_services_do_not_import_each_other() -> None:
    """(A node is not among them: it puts a worker and a writer together.)"""
    odd = [
        f"{name}: {other}"
        for name, others in imports().items()
        for other in others
        if (mine := _room(name)) in APART
        and (theirs := _room(other)) in APART
        and mine != theirs
        and not ((mine, theirs) in MOUNTS and name == "services.fanout.wiring.http")
    ]
    assert not odd


def test_a_node_knows_nothing_of_its_services_but_how_to_run_them() -> None:
    found = {
        ".".join(other.split(".")[:3])
        for name, others in imports().items()
        for other in others
        if name.startswith("services.node") and not other.startswith("services.node")
        if other.startswith("services.")
    }
    assert found == {"services.fanout.app", "services.writer.app"}


def test_nobody_imports_a_node() -> None:
    assert not [
        f"{name}: {other}"
        for name, others in imports().items()
        for other in others
        if other.startswith("services.node") and not name.startswith("services.node")
    ]


def test_commands_do_not_import_each_other() -> None:
    odd = [
        f"{name}: {other}"
        for name, others in imports().items()
        for other in others
        if name.startswith(("services.tools.", "services.web.", "services.dev."))
        and other.startswith(("services.tools.", "services.web.", "services.dev."))
        and name.split(".")[1:3] != other.split(".")[1:3]
    ]
    assert not odd


def _upwards(house: str, floors: tuple[tuple[str, ...], ...]) -> list[str]:
    """Returns the imports in this package from a room that is not below the importing one."""
    floor = {room: number for number, rooms in enumerate(floors) for room in rooms}
    depth = house.count(".") + 1
    odd = []
    for name, others in imports().items():
        if not name.startswith(f"{house}.") or name in SEAMS:
            continue
        mine = name.split(".")[depth]
        for other in others:
            if not other.startswith(f"{house}."):
                continue
            theirs = other.split(".")[depth]
            if theirs != mine and floor[theirs] >= floor[mine]:
                odd.append(f"{name}: {other}")
    return odd


def test_a_worker_imports_downwards() -> None:
    assert not _upwards("services.fanout", FANOUT)


def test_a_writer_imports_downwards() -> None:
    assert not _upwards("services.writer", WRITER)


def test_the_log_imports_downwards() -> None:
    assert not _upwards("shared.log", LOG)


def test_what_is_shared_imports_downwards() -> None:
    assert not _upwards("shared", SHARED)


def test_no_module_imports_itself_by_way_of_others() -> None:
    """The rooms have an order; within a room, modules have one, too."""
    modules = sources().keys()

    def needed(names: frozenset[str]) -> set[str]:
        return {name if name in modules else name.rpartition(".")[0] for name in names} & modules

    graph = {
        name: set() if name in SEAMS else needed(others) - {name}
        for name, others in imports().items()
    }
    assert sum(map(len, graph.values())) > 1000
    assert len([*TopologicalSorter(graph).static_order()]) == len(modules)


def test_only_the_log_speaks_to_redis() -> None:
    """Everything that is read or written has a name in the log, so its form is known in one
    place."""
    odd = [
        f"{name}: {what}"
        for name, tree in sources().items()
        if not name.startswith("shared.log.")
        for what in _spoken(tree)
    ]
    assert not odd


@pytest.mark.parametrize(
    "line",
    [
        "await redis.client.get(key)",
        "await self._redis.auto_pipeline.hget(key, 'head')",
        "reply = api.redis.client.hgetall(key)",
        "client = self._redis.client",
        "await patiently(redis.client.delete, key)",
        "redis.client.pipeline(transaction=False)",
        "await redis.get(key)",
        "_ = pipeline.hmget(key, names)",
        "await self._pipeline.execute()",
        "await auto_pipeline.xrange(key, '-', '+')",
        "await anything.execute_command('PING')",
        "await connection.send_command('PUBSUB')",
        "import redis",
        "import redis.asyncio as r",
        "from redis import Redis",
        "from redis.asyncio import RedisCluster",
        "from redis.sentinel import MasterNotFoundError",
        "from padfleet.shared.log.connection import scripts",
        "from padfleet.shared.log.connection.scripts import COMMIT",
    ],
)
def test_whatever_speaks_to_redis_is_seen(line: str) -> None:
    assert list(_spoken(ast.parse(line)))


@pytest.mark.parametrize(
    "line",
    [
        "node = self._redis.node_for(channel)",
        "async with self._redis.read_limit: await read_meta(self._redis, keys)",
        "await redis.ping()",
        "await redis.close()",
        "await PadStore(redis, keys).metadata()",
        "from redis.exceptions import RedisError",
        "value = fields.get('head')",
        "submission = self.client.type(due, now)",
        "address = trusted.client(remote, headers)",
        "cursor.execute(query)",
    ],
)
def test_what_does_not_speak_to_redis_is_allowed(line: str) -> None:
    assert not list(_spoken(ast.parse(line)))


def test_no_process_imports_what_only_tests_compare_with() -> None:
    apart = "shared.easysync.reference"
    users = {
        name
        for name, others in imports().items()
        if any(other == apart or other.startswith(f"{apart}.") for other in others)
    }
    assert users == {"shared.easysync.vectors", "easysync"}
    of_vectors = {
        name
        for name, others in imports().items()
        if any(other.startswith("shared.easysync.vectors") for other in others)
    }
    assert of_vectors == {"services.dev.vectors.__main__"}


@pytest.mark.parametrize("public", PUBLIC)
def test_only_the_outermost_imports_what_is_public(public: str) -> None:
    """The fleet uses its own parts, so that what is offered to others can be changed by itself."""
    odd = [
        f"{name}: {other}"
        for name, others in imports().items()
        for other in others
        if other.split(".")[0] == public
        and name.startswith(("services", "shared"))
        and name != "services.dev.reference"  # which says what is public
    ]
    assert not odd
