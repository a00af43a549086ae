"""Socket.IO over our Engine.IO: python-socketio, without rooms."""

import asyncio
import logging
from collections.abc import Iterable, Iterator
from typing import Any

import socketio

from services.fanout.engine import EngineServer


class Registry(socketio.AsyncManager):  # type: ignore[misc]
    """Which sockets are connected: python-socketio's manager, for one namespace and no rooms.

    Its own puts each socket into a room of its own, and looks through all rooms whenever a socket
    leaves: 2 ms each when there are 10,000, and they leave all at once. Fan-out does not use rooms.
    """

    def __init__(self) -> None:
        super().__init__()
        self._eio_sids: dict[str, str] = {}
        self._sids: dict[str, str] = {}  # by eio_sid
        self._joining: set[str] = set()
        self._leaving: set[str] = set()

    def get_namespaces(self) -> Iterable[str]:
        return ("/",)

    def get_participants(self, namespace: str, room: Any) -> Iterator[tuple[str, str]]:
        raise NotImplementedError("there are no rooms: what a socket is sent goes through its exit")

    async def pre_connect(self, eio_sid: str, namespace: str) -> str | None:
        if namespace != "/" or eio_sid in self._sids:
            return None
        sid: str = self.server.eio.generate_id()
        self._eio_sids[sid] = eio_sid
        self._sids[eio_sid] = sid
        self._joining.add(sid)
        return sid

    async def connect(self, sid: str, namespace: str) -> str:
        self._joining.discard(sid)
        return sid

    def is_connected(self, sid: str, namespace: str) -> bool:
        return sid in self._eio_sids and sid not in self._joining and sid not in self._leaving

    def sid_from_eio_sid(self, eio_sid: str, namespace: str) -> str | None:
        return self._sids.get(eio_sid)

    def eio_sid_from_sid(self, sid: str, namespace: str) -> str | None:
        return self._eio_sids.get(sid)

    def pre_disconnect(self, sid: str, namespace: str) -> str | None:
        self._leaving.add(sid)
        return self._eio_sids.get(sid)

    def basic_disconnect(self, sid: str, namespace: str, **_options: Any) -> None:
        eio_sid = self._eio_sids.pop(sid, None)
        if eio_sid is not None:
            self._sids.pop(eio_sid, None)
        self._joining.discard(sid)
        self._leaving.discard(sid)


class SocketServer(socketio.AsyncServer):  # type: ignore[misc]
    """Socket.IO over `EngineServer`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(client_manager=Registry(), **options)

    def _engineio_server_class(self) -> type[EngineServer]:
        return EngineServer

    def start_background_task(self, target: Any, *args: Any, **kwargs: Any) -> asyncio.Task[Any]:
        """How python-socketio serves an event: in a task, however many of them there are."""
        task: asyncio.Task[Any] = super().start_background_task(target, *args, **kwargs)
        if target == self._handle_event_internal:
            socket = self.eio.sockets.get(args[2])
            if socket is not None:
                socket.begins(task)
        return task


class _BriefOnClientFaults(logging.Filter):
    """Makes one line of what the engine logs about a malformed packet, instead of a traceback: a
    client can send as many as it likes."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            # What the engine catches and logs comes from taking a packet apart; our own handlers
            # run in tasks of their own.
            record.msg, record.args = "malformed packet from a client", ()
            record.error = f"{type(error).__name__}: {error}"[:200]
            record.exc_info = None
            record.levelno, record.levelname = logging.INFO, "INFO"
        return True


def library_logger(name: str) -> logging.Logger:
    """A logger for socketio or engineio. Left to themselves they add handlers of their own, which
    write a second, bare line beside ours."""
    logger = logging.getLogger(name)
    logger.setLevel(logging.WARNING)
    if not logger.filters:
        logger.addFilter(_BriefOnClientFaults())
    return logger
