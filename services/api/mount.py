"""Adds the API, export and import to a worker."""

import asyncio

from aiohttp import web

from services.api.context import Api
from services.api.dispatch import Dispatcher, key_of
from services.api.exports import Exports
from services.api.imports import Imports
from shared.log.connect import Redis
from shared.log.edits import Edits
from shared.log.inbox import InboxWriter
from shared.log.keys import Keyspace
from shared.log.past import Pools
from shared.settings import FanoutSettings
from shared.supervisor import Keeper
from shared.visit import Door

FILES_AT_ONCE = 4
"""Exports and imports that a worker has under way: each may be a second of computing, and there
are sockets to serve."""


def mount(
    app: web.Application,
    redis: Redis,
    keyspace: Keyspace,
    inbox: InboxWriter,
    settings: FanoutSettings,
    door: Door,
    keeper: Keeper,
) -> None:
    """To be called within a running loop, before the application starts. `door` knows who may do
    what without the API key, `keeper` looks after what goes on for good. Raises `SettingsError`.
    """
    timeout = settings.commit_timeout_ms / 1000
    edits = Edits(redis, keyspace, inbox, timeout=timeout, keeper=keeper)
    api = Api(redis, keyspace, settings, edits, Pools(redis))
    Dispatcher(api, key_of(settings)).add_routes(app)
    gate = asyncio.Semaphore(FILES_AT_ONCE)
    Exports(api, door, gate).add_routes(app)
    imports = Imports(api, door, gate)
    imports.add_routes(app)

    async def close(_app: web.Application) -> None:
        await edits.close()
        await imports.close()

    app.on_cleanup.append(close)
