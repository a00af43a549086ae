"""This module puts together what answers the messages of a worker's sockets: the pads' rooms, the
way to the writers, access, and the handlers."""

from dataclasses import dataclass

from padfleet.services.fanout.auth.access import Access
from padfleet.services.fanout.auth.api_tokens import CallerTokens, open_caller_tokens
from padfleet.services.fanout.auth.modes import open_mode
from padfleet.services.fanout.auth.restrictions import restricted
from padfleet.services.fanout.collab import handlers
from padfleet.services.fanout.delivery.pacing import PacingRules
from padfleet.services.fanout.hub.rooms import Rooms
from padfleet.services.fanout.limits.allowances import Allowances
from padfleet.services.fanout.limits.idle import IdleSockets
from padfleet.services.fanout.limits.new_pads import NewPads
from padfleet.services.fanout.requests.commits import Commits
from padfleet.services.fanout.requests.hooks import installed_hooks
from padfleet.services.fanout.requests.join import JoinHandler
from padfleet.services.fanout.requests.messages import Messages
from padfleet.services.fanout.timeslider.helper import HistoryHelper
from padfleet.services.fanout.timeslider.requests import Timeslider
from padfleet.shared.budget import Budget
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.log.inboxes.limits import pad_limits
from padfleet.shared.log.inboxes.local import LocalWriter
from padfleet.shared.process import Process
from padfleet.shared.settings import FanoutSettings


@dataclass(frozen=True, slots=True)
class Requests:
    """Everything that answers the requests to one worker."""

    rooms: Rooms
    inbox: InboxWriter
    access: Access
    callers: CallerTokens | None  #: None if the HTTP API accepts no tokens
    join_handler: JoinHandler
    messages: Messages
    idle_sockets: IdleSockets
    joins: Budget  #: bytes of pads that are held for joining clients


def open_requests(
    process: Process, settings: FanoutSettings, local: LocalWriter | None = None
) -> Requests:
    """Creates all of it, and arranges for it to be closed when the process ends, the pads last.

    Arguments:
        local: the writer in the same process, if there is one.

    Raises `SettingsError` if a key for tokens cannot be used.
    """
    redis, keyspace, ends = process.redis, process.keyspace, process.ends
    joins = Budget(settings.outgoing_bytes)
    rooms = _open_rooms(process, settings, joins)
    inbox = _open_inbox(process, settings)
    timeslider = Timeslider(redis, HistoryHelper())
    ends.push_async_callback(timeslider.close)
    access = restricted(
        open_mode(settings, redis, keyspace, settings.cookie_prefix, settings.visitors_kept_ms),
        settings,
        redis,
        keyspace,
    )
    ends.push_async_callback(access.close)
    callers = open_caller_tokens(settings)
    if callers is not None:
        ends.push_async_callback(callers.close)
    hooks = installed_hooks(redis)
    join_handler = JoinHandler(
        redis,
        keyspace,
        rooms,
        inbox,
        settings,
        process.id,
        access,
        hooks,
        new_pads=NewPads.of(settings),
    )
    idle_sockets = IdleSockets(
        to_ask=settings.handshake_timeout_ms / 1000, idle=settings.idle_timeout_ms / 1000
    )
    commits = Commits(inbox, local)
    ends.callback(commits.close)
    messages = Messages(
        join_handler,
        commits,
        Allowances.of(settings),
        idle_sockets,
        handlers(settings.plugin_messages),
        timeslider,
    )
    ends.callback(messages.close)
    return Requests(rooms, inbox, access, callers, join_handler, messages, idle_sockets, joins)


def _open_rooms(process: Process, settings: FanoutSettings, joins: Budget) -> Rooms:
    rooms = Rooms(
        process.redis,
        process.keyspace,
        PacingRules.of(settings),
        worker_id=process.id,
        ring=settings.ring_revisions,
        stall_timeout=settings.stall_timeout_ms / 1000,
        keeper=process.supervisor,
        outgoing=joins,
        most_pointing=settings.cursors_up_to,
    )
    process.ends.push_async_callback(rooms.close)
    return rooms


def _open_inbox(process: Process, settings: FanoutSettings) -> InboxWriter:
    inbox = InboxWriter(
        process.redis,
        process.keyspace,
        timeout=settings.commit_timeout_ms / 1000,
        limits=pad_limits(settings),
        keeper=process.supervisor,
    )
    process.ends.push_async_callback(inbox.close)
    return inbox
