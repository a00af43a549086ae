"""Where other people's Python code takes part: callables that are installed as entry points.

    [project.entry-points."padfleet.hooks"]
    chat_message = "my_package:on_chat"

docs/hooks.md says what each hook is given and may do. Where none is installed nothing is called,
and nothing is looked up but an empty tuple. A hook that fails, or takes too long, is logged and
counts as not there: it must not cost anybody the session.
"""

import asyncio
import inspect
import logging
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from padfleet.services.fanout.delivery.session import Session
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.transport import packets
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.pad import announcements
from padfleet.shared.settings import SettingsError
from padfleet.shared.wire.jsontext import dumps

log = logging.getLogger(__name__)

GROUP = "padfleet.hooks"

NAMES = ("client_vars", "handle_message", "user_join", "user_leave", "chat_message")

TIMEOUT = 5.0
"""Seconds that an asynchronous hook may take. One that blocks cannot be interrupted."""


class BadHook(SettingsError):
    """An entry point cannot be used; the text says which and why."""


Hook = Callable[..., Any]

FAILED = object()
"""What a hook that failed has answered."""


@dataclass(slots=True, frozen=True)
class HookVisit:
    """A session on a pad, as hooks are shown it."""

    pad: str
    author: str
    name: str | None  #: the author's, if he has one
    read_only: bool
    session: str  #: unlike any other's, for as long as it lasts
    _redis: Redis = field(repr=False)
    _room: Room = field(repr=False)
    _session: Session = field(repr=False)

    def send(self, message: Any, *, event: str = "message") -> None:
        """To this session's client alone; `message` is what Socket.IO is to carry, as JSON."""
        self._room.reply(self._session, packets.packet(message, event))

    async def tell(
        self, message: Any, *, event: str = "message", others_only: bool = False, author: str = ""
    ) -> None:
        """To the clients on the pad, on all workers; only to those of `author`, if one is named.

        Readers who came by the read-only link get it too: the pad's id must not be in it.
        """
        await announcements.relay(
            self._redis,
            self._room.keys,
            message,
            event=event,
            but=self.session if others_only else "",
            author=author,
        )


@dataclass(slots=True, frozen=True)
class Hooks:
    """Those that are installed, by name, in the order of their packages' names."""

    redis: Redis
    client_vars: tuple[Hook, ...] = ()
    handle_message: tuple[Hook, ...] = ()
    user_join: tuple[Hook, ...] = ()
    user_leave: tuple[Hook, ...] = ()
    chat_message: tuple[Hook, ...] = ()

    async def variables(self, room: Room, session: Session) -> dict[str, Any]:
        """What hooks add to CLIENT_VARS, or change in it."""
        added: dict[str, Any] = {}
        for hook in self.client_vars:
            given = await _call("client_vars", hook, self._visit(room, session))
            if given is not None and given is not FAILED:
                added.update(_as_json("client_vars", given))
        return added

    async def lets_pass(self, room: Room, session: Session, message: dict[str, Any]) -> bool:
        """Whether a client's message is to be served; a hook that has dealt with it says False."""
        visit = self._visit(room, session)
        for hook in self.handle_message:
            if await _call("handle_message", hook, visit, message) is False:
                return False
        return True

    async def on_chat(
        self, room: Room, session: Session, message: dict[str, Any]
    ) -> tuple[str, dict[str, Any]] | None:
        """The text, and what goes with it, after the hooks; None if one of them says False.
        `message` has the text as ``text``."""
        visit = self._visit(room, session)
        for hook in self.chat_message:
            said = dict(message)
            verdict = await _call("chat_message", hook, visit, said)
            if verdict is False:
                return None
            # What one that failed has left half done does not count.
            if (
                verdict is not FAILED
                and isinstance(said.get("text"), str)
                and _as_json("chat_message", said)
            ):
                message = said
        extra = dict(message)
        return extra.pop("text"), extra

    async def joined(self, room: Room, session: Session) -> None:
        for hook in self.user_join:
            await _call("user_join", hook, self._visit(room, session))

    async def left(self, room: Room, session: Session) -> None:
        """To be called when the session is off its pad; told of authors of whom it was the last."""
        if any(other != session.id for other in room.people.roster.sessions_of(session.author)):
            return
        for hook in self.user_leave:
            await _call("user_leave", hook, self._visit(room, session))

    def _visit(self, room: Room, session: Session) -> HookVisit:
        known = room.people.known_of([session.author]).get(session.author)
        return HookVisit(
            room.pad_id,
            session.author,
            known.name if known is not None else None,
            session.identity.read_only,
            session.id,
            self.redis,
            room,
            session,
        )


async def _call(name: str, hook: Hook, *args: Any) -> Any:
    try:
        async with asyncio.timeout(TIMEOUT):
            answer = hook(*args)
            return await answer if inspect.isawaitable(answer) else answer
    except Exception as error:
        at = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{at.filename}:{at.lineno}"
        log.warning("hook failed", extra={"hook": name, "error": repr(error), "at": where})
        return FAILED


def _as_json(name: str, given: Any) -> Mapping[str, Any]:
    """What a hook has given, if it is an object that JSON can hold; else nothing."""
    try:
        if isinstance(given, Mapping) and all(isinstance(key, str) for key in given):
            dumps(dict(given))
            return given
        why = f"{type(given).__name__} is not a mapping of texts"
    except (TypeError, ValueError, RecursionError) as error:
        why = str(error)
    log.warning("hook returned something that cannot be sent", extra={"hook": name, "error": why})
    return {}


def installed_hooks(redis: Redis, found: Iterable[EntryPoint] | None = None) -> Hooks:
    """Loads the hooks of all installed packages. Raises `BadHook`: who installs one means it, so
    that a worker must not run as if it were not there."""
    points = entry_points(group=GROUP) if found is None else found
    hooks: dict[str, list[Hook]] = {name: [] for name in NAMES}
    for point in sorted(points, key=lambda point: (_package(point), point.value)):
        where = f"hook {point.name} = {point.value!r} of {_package(point) or 'no package'}"
        if point.name not in hooks:
            raise BadHook([f"{where}: there is no such hook; there are {', '.join(NAMES)}"])
        try:
            hook = point.load()
        except Exception as error:
            raise BadHook([f"{where} cannot be loaded: {error!r}"]) from error
        if not callable(hook):
            raise BadHook([f"{where} is not callable"])
        hooks[point.name].append(hook)
        log.info("hook installed", extra={"hook": point.name, "value": point.value})
    return Hooks(redis, **{name: tuple(each) for name, each in hooks.items()})


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else ""
