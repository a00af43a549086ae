"""Tests that the simulated Redis has every command that workers and writers send. This is the list
of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from redis.asyncio import Redis

from tests.world.redis.commands import COMMANDS
from tests.world.redis.tables import CONNECTION

ROOT: Final = Path(__file__).parents[3]

SPOKEN: Final = ("client", "_client", "pipeline", "auto_pipeline", "redis", "_redis")
"""The names of the objects that send commands."""

OTHERWISE: Final = {
    "DELETE": "DEL",
    "SCAN_ITER": "SCAN",
    "CONFIG_GET": "CONFIG",
    "PUBSUB": "PUBSUB",
}
NONE: Final = frozenset(
    name.upper()
    for name in (
        *("pipeline", "execute_command", "aclose", "close", "keyslot", "initialize", "get_nodes"),
        *("response_callbacks", "connection_pool", "start", "reset"),
    )
)
"""Names on a client that are no commands."""

APART: Final = {
    "shared/log/connection/inspection.py": "what `padfleet doctor` asks, workers do not",
    "shared/etherpad/web.py": "`padfleet import` and `export` call an Etherpad's HTTP API",
    "shared/log/connection/foreign.py": "`padfleet import` reads an Etherpad's database",
    "shared/log/connection/lanes.py": "hands on what others send",
    "shared/log/connection/auto_pipeline.py": "hands on what others send; its own are below",
}


def _files() -> Iterator[tuple[str, str]]:
    for room in ("shared", "services/fanout", "services/writer", "services/web"):
        for path in sorted((ROOT / room).rglob("*.py")):
            if "node_modules" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), path.read_text()


def _last(node: ast.expr) -> str:
    return getattr(node, "attr", getattr(node, "id", ""))


SENT_BY: Final = (
    "execute_command",
    "send_command",
    "_call",
    "call",
    "ask",
    "call_blocking",
    "_send",
)
"""The names of the functions whose first argument is a command's name."""


def _sent(text: str, *, by_name: bool = True) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Call(
                func=ast.Attribute(attr=name), args=[ast.Constant(value=str(first)), *_]
            ) if name in SENT_BY:
                yield first.split()[0]
            case ast.Call(func=ast.Attribute(value=on, attr=name)) if by_name:
                if _last(on) in SPOKEN and hasattr(Redis, name):
                    yield name.upper()
            case ast.Tuple(elts=[ast.Constant(value=str(first)), _, *_]) if _is_command(first):
                yield first  # that is sent together with others


def _is_command(word: str) -> bool:
    return word.isalpha() and word.isupper() and hasattr(Redis, word.lower())


def _all_sent() -> dict[str, str]:
    found: dict[str, str] = {}
    for path, text in _files():
        if path not in APART or path.endswith("auto_pipeline.py"):
            for name in _sent(text, by_name=path not in APART):
                if name not in NONE:
                    found.setdefault(OTHERWISE.get(name, name), path)
    for script in sorted((ROOT / "shared/log/lua").glob("*.lua")):
        for name in re.findall(r"(?:redis\.p?call|look)\(\s*'(\w+)'", script.read_text()):
            found.setdefault(name, script.name)
    return found


def test_every_command_of_ours_is_simulated() -> None:
    missing = {
        name: path
        for name, path in _all_sent().items()
        if name not in COMMANDS and name not in CONNECTION
    }
    assert not missing, "add them to tests/world/redis, and to the differential test"


def test_all_of_them_are_found() -> None:
    sent = _all_sent()
    assert len(sent) > 40
    assert {"XADD", "XREAD", "EVALSHA", "SPUBLISH", "WAIT", "SSUBSCRIBE", "PUBSUB", "ZADD"} <= {
        *sent
    }


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("await redis.client.lpush(key, 1)", "LPUSH"),
        ("pipeline.zrange(key, 0, 1)", "ZRANGE"),
        ("connection.send_command('SUBSCRIBE', channel)", "SUBSCRIBE"),
        ("await redis.client.execute_command('OBJECT', 'FREQ', key)", "OBJECT"),
        ("await redis.hot.call('LMOVE', one, other)", "LMOVE"),
        ("await redis.hot.exchange([('LPOP', key)])", "LPOP"),
        ("redis.auto_pipeline.ask('LPOP', key)", "LPOP"),
    ],
)
def test_a_new_command_would_be_noticed(code: str, name: str) -> None:
    assert list(_sent(f"async def f():\n    {code}")) == [name]
    assert name not in COMMANDS
