from collections.abc import AsyncIterator

import pytest

from padfleet.shared.log.connection.connect import Redis, open_redis
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.log.keys import Keyspace


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    opened = open_redis(redis_url)
    await opened.start()
    yield opened
    await opened.close()


@pytest.fixture
def keyspace() -> Keyspace:
    return Keyspace(4)


@pytest.fixture
async def inbox(redis: Redis, keyspace: Keyspace) -> AsyncIterator[InboxWriter]:
    opened = InboxWriter(redis, keyspace, timeout=10)
    yield opened
    await opened.close()
