"""Tests how redis-py and the event loop report broken connections."""

import asyncio

import pytest
import uvloop

from padfleet.shared.log.connection.connect import UNREACHABLE, open_redis


def test_a_connection_that_was_closed_meanwhile_counts_as_one_that_is_away(redis_url: str) -> None:
    """uvloop raises RuntimeError on a write to such a connection. The exception ended its caller: a
    join with "internal error", a writer's batch together with its lease."""

    async def write_to_a_closed_connection() -> None:
        redis = open_redis(redis_url)
        pool = redis.client.connection_pool  # type: ignore[union-attr]
        connection = await pool.get_connection()
        try:
            connection._writer.transport.abort()
            await asyncio.sleep(0)
            with pytest.raises(UNREACHABLE):
                await connection.send_command("PING", check_health=False)
        finally:
            await pool.release(connection)
            await redis.close()

    uvloop.run(write_to_a_closed_connection())


async def test_a_caller_cancelled_while_a_command_is_sent_does_not_go_on(redis_url: str) -> None:
    """This holds for a cancellation in any turn of the event loop. redis-py lost one cancellation
    in thirty, so that a writer that was told to stop continued. Also, nobody reads the answer to
    another caller's command."""
    redis = open_redis(redis_url)
    await redis.start()

    async def ask() -> None:
        await redis.client.echo("of who was cancelled")
        await asyncio.sleep(60)

    try:
        for turns in range(40):
            asking = asyncio.create_task(ask())
            for _ in range(turns):
                await asyncio.sleep(0)
            asking.cancel()
            await asyncio.wait((asking,), timeout=20)
            assert asking.cancelled(), f"not in turn {turns}"
            assert await redis.client.echo(str(turns)) == str(turns).encode()
    finally:
        await redis.close()
