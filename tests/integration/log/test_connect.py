"""What redis-py and the event loop make of broken connections."""

import asyncio

import pytest
import uvloop

from shared.log.connect import UNREACHABLE, open_redis


def test_a_connection_that_was_closed_meanwhile_counts_as_one_that_is_away(redis_url: str) -> None:
    """uvloop raises RuntimeError when such a connection is written to. It ended whoever had asked:
    a join with "internal error", a writer's batch with its lease."""

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
