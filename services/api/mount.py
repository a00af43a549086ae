"""Adds the API, export and import to a worker."""

from typing import Final

from aiohttp import web

from services.api.context import Api
from services.api.conversion import Conversion
from services.api.dispatch import Dispatcher, key_of
from services.api.exports import Exports
from services.api.imports import Imports
from services.api.receiving import Uploads
from shared.budget import Budget
from shared.log.connect import Redis
from shared.log.edits import Edits
from shared.log.inbox import InboxWriter
from shared.log.keys import Keyspace
from shared.log.past import Pools
from shared.settings import FanoutSettings
from shared.supervisor import Keeper
from shared.visit import Door

OUTGOING: Final = 64 << 20
"""Bytes of exports that a worker holds which have not been taken yet; of one address a quarter."""


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
    conversion = Conversion()
    api = Api(redis, keyspace, settings, edits, Pools(redis), conversion)
    uploads = Uploads(settings.import_max_bytes)
    Dispatcher(api, key_of(settings), uploads).add_routes(app)
    Exports(api, door, conversion, Budget(OUTGOING, share=OUTGOING // 4)).add_routes(app)
    imports = Imports(api, door, conversion, uploads)
    imports.add_routes(app)

    async def close(_app: web.Application) -> None:
        await edits.close()
        await imports.close()
        await conversion.close()

    app.on_cleanup.append(close)
