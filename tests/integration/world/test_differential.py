"""Compares the simulated Redis with a real one: the same commands have to give the same answers
and, in the end, the same keys. Our own scripts are covered by the other files of this folder, which
run their tests on the simulated server."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Final

import pytest
import redis

from tests.world.redis.beside import Beside

LENGTH: Final = 400
KEYS: Final = ("a", "b", "c", "d")
WORDS: Final = ("x", "y", "", "5", "-3", "nan", "\xff\x00")
IDS: Final = ("0-0", "1-1", "2-1", "5", "5-7", "9-1", "x", "-1", "18446744073709551616-0")

SCRIPT: Final = """
local answer = {}
for i = 1, #ARGV, 3 do
  local found = redis.pcall(ARGV[i], ARGV[i + 1], ARGV[i + 2])
  if type(found) == 'table' and found.err then found = 'fault' end
  answer[#answer + 1] = found
end
answer[#answer + 1] = cmsgpack.pack({#ARGV, 'text', {1, 2}})
answer[#answer + 1] = 3.99
answer[#answer + 1] = string.format('%d', 1.7e12)
return answer
"""
FAILS: Final = "redis.call('SET', KEYS[1], 'v') return redis.call('HGET', KEYS[1], 'x')"


class Dice:
    """Generates random commands."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)

    def _one(self, of: tuple[str, ...]) -> str:
        return self._dice.choice(of)

    def _some(self, of: tuple[str, ...]) -> list[str]:
        return [self._one(of) for _ in range(self._dice.randint(1, 3))]

    def command(self) -> list[Any]:
        key, one, dice = self._one(KEYS), self._one, self._dice
        # Nobody of ours reads one key twice at once.
        other = one(tuple(each for each in KEYS if each != key))
        word, number = one(WORDS), str(dice.randint(-2, 12))
        count = ["COUNT", str(dice.randint(1, 3))] if dice.random() < 0.5 else []
        scores = [part for _ in range(2) for part in (one(("1", "2.5", "1e3", "x")), one(WORDS))]
        bounds = [one(("-inf", "1", "(1", "2.5", "x")), one(("+inf", "1000", "(1000"))]
        trim = one(("MAXLEN", "MINID")), "=", str(dice.randint(0, 3))
        fields = [part for _ in range(2) for part in (one(WORDS), one(WORDS))]
        limits = [one(("-", *IDS, "(1-1", "+")), one(("+", *IDS, "(9-1", "-"))]
        return dice.choice(
            [
                ["DEL", *self._some(KEYS)],
                ["UNLINK", key],
                ["EXISTS", *self._some(KEYS)],
                ["TYPE", key],
                ["RENAME", key, one(KEYS)],
                ["PERSIST", key],
                ["EXPIRE", key, "1000", *one(("", "XX")).split()],
                ["PEXPIRE", key, one(("1000000", "x"))],
                ["GET", key],
                ["STRLEN", key],
                ["MGET", *self._some(KEYS)],
                ["SET", key, word, *one(("", "NX", "NX GET", "GET", "PX 100000", "ZZ")).split()],
                ["HGET", key, word],
                ["HMGET", key, *self._some(WORDS)],
                ["HSET", key, *fields],
                ["HSET", key, word],
                ["HSETNX", key, word, one(WORDS)],
                ["HDEL", key, *self._some(WORDS)],
                ["HLEN", key],
                ["HEXISTS", key, word],
                ["HVALS", key],
                ["HINCRBY", key, word, number],
                ["RPUSH", key, *self._some(WORDS)],
                ["LRANGE", key, number, str(dice.randint(-3, 5))],
                ["ZADD", key, *scores],
                ["ZADD", key, dice.choice(("XX", "nx")), *scores],
                ["ZREM", key, *self._some(WORDS)],
                ["ZSCORE", key, word],
                ["ZRANGEBYSCORE", key, *bounds, *one(("", "WITHSCORES", "LIMIT 0 1")).split()],
                ["ZREMRANGEBYSCORE", key, *bounds],
                ["XADD", key, one((*IDS, "7-*")), *fields],
                ["XADD", key, *trim, one(IDS), *fields],
                ["XADD", key, "NOMKSTREAM", one(IDS), *fields],
                ["XDEL", key, *self._some(IDS)],
                ["XTRIM", key, *trim],
                ["XLEN", key],
                ["XRANGE", key, *limits, *count],
                ["XREVRANGE", key, *reversed(limits), *count],
                ["XSETID", key, one(IDS)],
                ["XREAD", *count, "STREAMS", key, other, one(IDS), one(IDS)],
                ["SPUBLISH", key, word],
                ["EVAL", SCRIPT, "0", "HGET", key, word, "XADD", key, "5-*", "HGET", key, word],
                ["EVAL", FAILS, "1", key],
                ["NOSUCH", key],
                ["HGET", key],
            ]
        )


@pytest.fixture(scope="module")
def beside() -> Iterator[str]:
    with Beside() as url:
        yield url


def _answer(client: redis.Redis, command: list[Any]) -> Any:
    """Returns the server's answer without redis-py's conversion."""
    packed = [part.encode("latin-1") if isinstance(part, str) else part for part in command]
    connection = client.connection_pool.get_connection()
    try:
        connection.send_command(*packed)
        return connection.read_response()
    except redis.ResponseError as error:
        # Where in the script, and with what it began, each release says in its own way.
        return "fault", str(error).split(" script:")[0].split(", with args")[0]
    finally:
        client.connection_pool.release(connection)


def _everything(client: redis.Redis) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key in KEYS:
        kind = _answer(client, ["TYPE", key])
        read = {
            b"string": ["GET", key],
            b"hash": ["HGETALL", key],
            b"list": ["LRANGE", key, "0", "-1"],
            b"zset": ["ZRANGEBYSCORE", key, "-inf", "+inf", "WITHSCORES"],
            b"stream": ["XRANGE", key, "-", "+"],
        }.get(kind)
        value: Any = _answer(client, read) if read is not None else None
        if kind == b"hash":
            value = dict(zip(value[::2], value[1::2], strict=True))
        expires = _answer(client, ["TTL", key]) > 0
        found[key] = (kind, value, expires)
    return found


def _without_order(command: list[Any], answer: Any) -> Any:
    """Sorts the values of a hash, which have no order."""
    return sorted(answer) if command[0] == "HVALS" and isinstance(answer, list) else answer


@pytest.mark.parametrize("seed", range(12))
def test_equal_answers_and_equal_keys(seed: int, redis_server: Any, beside: str) -> None:
    true = redis.Redis.from_url(redis_server.url, protocol=2)
    simulated = redis.Redis.from_url(beside, protocol=2)
    with true, simulated:
        true.flushall()
        simulated.flushall()
        dice = Dice(seed)
        said = 0
        for number in range(LENGTH):
            command = dice.command()
            wanted = _without_order(command, _answer(true, command))
            found = _without_order(command, _answer(simulated, command))
            assert found == wanted, f"command {number}: {command}"
            said += not (isinstance(wanted, tuple) and wanted[0] == "fault")
            if number % 40 == 0:
                assert _everything(simulated) == _everything(true), f"after {number}: {command}"
        assert _everything(simulated) == _everything(true)
        assert said > LENGTH / 3, "hardly a command was one"


def test_transactions_are_answered_alike(redis_server: Any, beside: str) -> None:
    answers = []
    for url in (redis_server.url, beside):
        with redis.Redis.from_url(url, protocol=2) as client:
            client.flushall()
            pipeline = client.pipeline(transaction=True)
            pipeline.set("a", 1)
            pipeline.hset("a", "x", "y")
            pipeline.hset("b", "x", "y")
            answers.append([str(each) for each in pipeline.execute(raise_on_error=False)])
            with pytest.raises(redis.ResponseError, match="unknown command"):
                client.pipeline().execute_command("NOSUCH").execute()
    assert answers[0] == answers[1]


def test_a_blocking_read_is_answered_by_what_comes(beside: str) -> None:
    with redis.Redis.from_url(beside, protocol=2) as reader:
        connection = reader.connection_pool.get_connection()
        connection.send_command("XREAD", "BLOCK", "5000", "STREAMS", "s", "0-0")
        with redis.Redis.from_url(beside, protocol=2) as writer:
            writer.flushall()
            writer.xadd("s", {"f": "v"}, id="3-1")
        assert connection.read_response() == [[b"s", [[b"3-1", [b"f", b"v"]]]]]
        connection.send_command("XREAD", "BLOCK", "20", "STREAMS", "s", "3-1")
        assert connection.read_response() is None
        connection.disconnect()
