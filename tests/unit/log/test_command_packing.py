"""Tests that commands of redis-py's client leave as redis-py itself would write them."""

from __future__ import annotations

from typing import Any

import pytest
from redis.asyncio.connection import Connection
from redis.exceptions import DataError

from padfleet.shared.log.connection import connect


@pytest.mark.parametrize(
    "command",
    [
        ("GET", "pad"),
        ("CONFIG GET", "appendonly", "save"),  # two words in one
        (b"SET", "käse", b"\x00\r\n$3\r\n", "PX", 250),
        ("ZADD", "scores", 1.5, "a", float("inf"), b"b"),
        ("EVALSHA", "0" * 40, 1, "key", -7, 1 << 62, memoryview(b"part")),
        ("SET", "large", b"x" * 100_000, "after"),
    ],
)
def test_a_command_has_the_bytes_that_redis_py_gives_it(command: tuple[Any, ...]) -> None:
    connection = Connection()
    theirs = b"".join(connect._pack_command(connection, *command))
    assert b"".join(connection.pack_command(*command)) == theirs


@pytest.mark.parametrize("argument", [None, True, ["a"], {}])
def test_what_cannot_be_sent_is_refused_in_the_words_of_redis_py(argument: Any) -> None:
    connection = Connection()
    with pytest.raises(DataError, match="Convert to a bytes, string, int or float first"):
        connection.pack_command("SET", "key", argument)
