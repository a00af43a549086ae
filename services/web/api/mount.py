"""Adds the API, export and import to a worker."""

from typing import NamedTuple

from aiohttp import web

from padfleet.services.web.api import documents
from padfleet.services.web.api.answers import LargeAnswers
from padfleet.services.web.api.callers import Doorkeeper, key_of
from padfleet.services.web.api.context import Api
from padfleet.services.web.api.conversion import Conversion
from padfleet.services.web.api.dispatch import Dispatcher
from padfleet.services.web.api.exports import Exports
from padfleet.services.web.api.imports import Imports
from padfleet.services.web.api.receiving import Uploads
from padfleet.shared.budget import Budget
from padfleet.shared.log.changes.edits import Edits
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.fleet.audit import Doer
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.past import Pools
from padfleet.shared.settings import FanoutSettings
from padfleet.shared.supervision.keeper import Keeper
from padfleet.shared.visit import Bearers, Door


class Outgoing(NamedTuple):
    """The budgets for what clients have not received yet. Each is separate, so that clients that do
    not receive their files keep nobody from calling, or from joining a pad."""

    files: Budget
    answers: Budget  #: for answers of the API

    @classmethod
    def of(cls, settings: FanoutSettings) -> "Outgoing":
        total = settings.outgoing_bytes
        return cls(Budget(total, share=total // 4), Budget(total, share=total // 2))


def mount(
    app: web.Application,
    redis: Redis,
    keyspace: Keyspace,
    inbox: InboxWriter,
    settings: FanoutSettings,
    door: Door,
    keeper: Keeper,
    outgoing: Outgoing,
    bearers: Bearers | None = None,
) -> None:
    """Adds the routes. It has to be called within a running loop, before the application starts.
    `door` knows who may do what without the API key, `keeper` runs the lasting tasks, and `bearers`
    knows whose token grants as much as the key. Raises `SettingsError`.
    """
    timeout = settings.commit_timeout_ms / 1000
    edits = Edits(redis, keyspace, inbox, timeout=timeout, keeper=keeper)
    conversion = Conversion(headings=settings.import_headings)
    nobody = Doer("api", "", "", "")
    api = Api(redis, keyspace, settings, edits, Pools(), conversion, nobody)
    uploads = Uploads(settings.import_max_bytes)
    answers = LargeAnswers(api, outgoing.answers)
    documents.add_routes(app)
    doorkeeper = Doorkeeper(key_of(settings), bearers)
    Dispatcher(api, doorkeeper, uploads, answers, door).add_routes(app)
    Exports(api, door, conversion, outgoing.files).add_routes(app)
    imports = Imports(api, door, conversion, uploads)
    imports.add_routes(app)

    async def close(_app: web.Application) -> None:
        await edits.close()
        await imports.close()
        await conversion.close()

    app.on_cleanup.append(close)
