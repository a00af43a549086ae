"""This module calls hooks: other people's Python callables, which are installed as entry points.

    [project.entry-points."padfleet.hooks"]
    chat_message = "my_package:on_chat"

docs/hooks.md says what each hook is given and what it may do. Where no hook is installed, nothing
is called, and the only cost is a look at an empty tuple. A hook that fails or takes too long is
logged and treated as if it were not there: it must not cost anybody their session.
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
"""How many seconds an asynchronous hook may take. A hook that blocks cannot be interrupted."""


class BadHook(SettingsError):
    """An entry point cannot be used; the text says which one, and why."""


Hook = Callable[..., Any]

FAILED = object()
"""This stands for the answer of a hook that failed."""


@dataclass(slots=True, frozen=True)
class HookVisit:
    """A session on a pad, in the form in which hooks see it."""

    pad: str
    author: str
    name: str | None  #: the author's name, if there is one
    read_only: bool
    session: str  #: an id that no other session has while this one lasts
    _redis: Redis = field(repr=False)
    _room: Room = field(repr=False)
    _session: Session = field(repr=False)

    def send(self, message: Any, *, event: str = "message") -> None:
        """Sends `message`, which has to be JSON for Socket.IO to carry, to this session's client
        alone."""
        self._room.reply(self._session, packets.packet(message, event))

    async def tell(
        self, message: Any, *, event: str = "message", others_only: bool = False, author: str = ""
    ) -> None:
        """Sends `message` to the clients on the pad, on all workers, or only to those of `author`
        if one is given. Readers who came by the read-only link receive it too, so the message must
        not contain the pad's id.
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
    """The installed hooks, by name and in the order of their packages' names."""

    redis: Redis
    client_vars: tuple[Hook, ...] = ()
    handle_message: tuple[Hook, ...] = ()
    user_join: tuple[Hook, ...] = ()
    user_leave: tuple[Hook, ...] = ()
    chat_message: tuple[Hook, ...] = ()

    @property
    def see_visits(self) -> bool:
        """Returns whether a hook is told of those who are on a pad, or of what they send."""
        return bool(self.client_vars or self.handle_message or self.user_join or self.user_leave)

    async def variables(self, room: Room, session: Session) -> dict[str, Any]:
        """Returns what hooks add to CLIENT_VARS, or change in it."""
        added: dict[str, Any] = {}
        for hook in self.client_vars:
            given = await _call("client_vars", hook, self._visit(room, session))
            if given is not None and given is not FAILED:
                added.update(_as_json("client_vars", given))
        return added

    async def lets_pass(self, room: Room, session: Session, message: dict[str, Any]) -> bool:
        """Returns whether a client's message is to be served; a hook that has dealt with the
        message itself returns False."""
        visit = self._visit(room, session)
        for hook in self.handle_message:
            if await _call("handle_message", hook, visit, message) is False:
                return False
        return True

    async def on_chat(
        self, room: Room, session: Session, message: dict[str, Any]
    ) -> tuple[str, dict[str, Any]] | None:
        """Returns the text, and what goes with it, as the hooks leave them, or None if a hook
        returns False. `message` holds the text as ``text``."""
        visit = self._visit(room, session)
        for hook in self.chat_message:
            said = dict(message)
            verdict = await _call("chat_message", hook, visit, said)
            if verdict is False:
                return None
            # Changes that a failed hook has left half done are ignored.
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
        """Calls the hooks for an author whose last session has left. It is to be called when a
        session is off its pad."""
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
    """Returns what a hook has given if it is an object that JSON can hold, and otherwise an empty
    mapping."""
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
    """Loads the hooks of all installed packages.

    Raises `BadHook` if one cannot be loaded: an installed hook is meant to be called, so a worker
    must not run as if it were not there.
    """
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
