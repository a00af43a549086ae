"""Adds the API, export and import to a worker."""

from aiohttp import web

from services.api.context import Api
from services.api.dispatch import Dispatcher, key_of
from services.api.files import Files
from shared.log.connect import Redis
from shared.log.edits import Edits
from shared.log.inbox import InboxWriter
from shared.log.keys import Keyspace
from shared.log.past import Pools
from shared.settings import FanoutSettings
from shared.visit import Door


def mount(
    app: web.Application,
    redis: Redis,
    keyspace: Keyspace,
    inbox: InboxWriter,
    settings: FanoutSettings,
    door: Door,
) -> None:
    """To be called within a running loop, before the application starts. `door` knows who may do
    what without the API key. Raises `SettingsError`."""
    edits = Edits(redis, keyspace, inbox, timeout=settings.commit_timeout_ms / 1000)
    api = Api(redis, keyspace, settings, edits, Pools(redis))
    Dispatcher(api, key_of(settings)).add_routes(app)
    Files(api, door).add_routes(app)

    async def close(_app: web.Application) -> None:
        await edits.close()

    app.on_cleanup.append(close)
