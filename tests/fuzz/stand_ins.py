"""Stands in for everything around a worker's inside in `worker`: there is no network, no Redis, no
writer."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

from padfleet.services.fanout.auth.decision import Denied
from padfleet.services.fanout.auth.handshake import Handshake, token
from padfleet.services.fanout.delivery.session import Session, SessionIdentity
from padfleet.services.fanout.requests.hooks import Hooks
from padfleet.services.fanout.requests.legacy import sends_no_author
from padfleet.services.fanout.timeslider.changeset_request import parse
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.services.fanout.transport.packets import Frame
from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.entries import decode_entry, encode_entry
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.outcomes import Outcome
from padfleet.shared.payers import Payer
from padfleet.shared.settings import FanoutSettings
from tests.fuzz import corpus


class StandInClient:
    """A Redis in which every command of a handler works, and which is empty."""

    async def evalsha(self, sha: str, *_arguments: Any) -> Any:
        return {scripts.CHAT.sha: 0, scripts.SAVED.sha: b"saved", scripts.SETTINGS.sha: b"ok"}[sha]

    async def hget(self, *_arguments: Any) -> None:
        return None

    async def persist(self, *_arguments: Any) -> int:
        return 0

    async def hmget(self, _key: str, names: list[str]) -> list[None]:
        return [None for _ in names]

    async def xrange(self, *_arguments: Any, **_options: Any) -> list[Any]:
        return []

    async def execute_command(self, *_arguments: Any) -> int:
        return 0

    def pipeline(self, **_options: Any) -> StandInPipeline:
        return StandInPipeline()


class StandInPipeline:
    """Takes any command, and answers each as an empty Redis does."""

    def __init__(self) -> None:
        self._answers: list[Any] = []

    def __getattr__(self, command: str) -> Any:
        return partial(self._taken, command)

    def _taken(self, command: str, *arguments: Any, **_options: Any) -> StandInPipeline:
        match command:
            case "hmget":
                self._answers.append([None] * len(arguments[-1]))
            case "hget":
                self._answers.append(None)
            case _:
                self._answers.append(0)
        return self

    async def execute(self, *, raise_on_error: bool = True) -> list[Any]:
        del raise_on_error
        return self._answers


class StandInTimeslider:
    """Reads the requests, and has no history."""

    async def asked(
        self, _room: Any, _session: Any, message: dict[str, Any], *, payer: Payer
    ) -> None:
        del payer
        parse(message)

    async def close(self) -> None: ...


class StandInRoom(SimpleNamespace):
    def __init__(self) -> None:
        super().__init__(
            pad_id="fuzzed",
            reign="",
            epoch=0,
            keys=Keyspace(1).pad("fuzzed"),
            sessions={},
            feed=SimpleNamespace(head=0),
            metadata=SimpleNamespace(creator=corpus.AUTHOR),
        )

    def reply(self, session: Session, frame: Frame) -> None:
        session.send(frame)

    def kick_and_announce(self, session: Session, reason: str) -> None:
        self.sessions.pop(session.id, None)


class StandInDoorway(SimpleNamespace):
    """Lets everybody in who asks for a pad by a text."""

    most_at_once: int

    def __init__(self, settings: FanoutSettings) -> None:
        client = StandInClient()
        redis = SimpleNamespace(client=client, auto_pipeline=client, register=None)
        super().__init__(
            redis=redis,
            room=StandInRoom(),
            most_at_once=0,
            settings=settings,
            hooks=Hooks(cast(Redis, redis)),
        )

    def ahead(self, _message: dict[str, Any]) -> AbstractContextManager[None]:
        return nullcontext()

    def may_look(self, _message: dict[str, Any]) -> bool:
        return False  # its one pad is in Redis

    async def identify(
        self,
        handshake: Handshake,
        message: dict[str, Any],
        _ahead: object = None,
        *,
        looks: bool = False,
    ) -> SessionIdentity:
        tasks = len(asyncio.all_tasks())
        self.most_at_once = max(self.most_at_once, tasks)
        await asyncio.sleep(0)  # others can go on for as long as Redis takes
        token(handshake, message, "")
        if not isinstance(message.get("padId"), str):
            raise Denied("missing pad id")
        return SessionIdentity(corpus.AUTHOR, "fuzzed", "fuzzed", "r.x", False, embedded=False)

    async def join(
        self,
        way_out: Outbound,
        identity: SessionIdentity,
        message: dict[str, Any],
        _brought: str | None,
    ) -> Any:
        session = Session(identity, way_out, False, adds_author=sends_no_author(message))
        self.room.sessions[session.id] = session
        return session, self.room

    async def leave(self, room: StandInRoom, session: Session) -> None:
        room.sessions.pop(session.id, None)


class StandInInbox(SimpleNamespace):
    """Takes entries as Redis would, and answers at once as a writer would."""

    def __init__(self, join_handler: StandInDoorway) -> None:
        super().__init__(join_handler=join_handler, look_after=1e9, answering=set())

    async def settle(self, entry: Any, _answer: Any) -> bool:
        assert decode_entry(encode_entry(entry)) == entry
        session = self.join_handler.room.sessions.get(entry.origin.session)
        if session is not None:
            session.settle(entry.origin.seq, Outcome(entry.origin, "accepted", 0))
        return True

    def offer(self, entry: Any, receipt: Any) -> bool:
        receipt.set_result("1-1")
        answering = asyncio.get_running_loop().create_task(self.settle(entry, None))
        self.answering.add(answering)
        answering.add_done_callback(self.answering.discard)
        return True


class Transport:
    """A connection whose client takes everything at once."""

    def __init__(self) -> None:
        self.written = 0
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written += len(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close

    def get_extra_info(self, name: str) -> Transport:
        return self

    def fileno(self) -> int:
        return -1

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int, low: int) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class Faults(logging.Handler):
    """Collects what must not be in a log: errors, and lines whose length a stranger chooses."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        extras = {k: v for k, v in vars(record).items() if k not in _STANDARD}
        if record.levelno >= logging.ERROR or record.exc_info:
            self.found.append(text[:1500])
        elif len(text) + len(str(extras)) > 2000:
            self.found.append(f"a line of {len(text) + len(str(extras))} in the log: {text[:200]}")


_STANDARD = frozenset(vars(logging.makeLogRecord({})))


class Body:
    def __init__(self, data: bytes) -> None:
        self._data = data

    async def read(self, length: int) -> bytes:
        return self._data[:length]
