"""Runs a bucket that speaks as much of S3 as a cold store needs, or of the protocols of Google and
Azure, and can be broken while it is used.

    with Bucket() as bucket:
        fleet = Fleet(url, folder, bucket.settings)
        bucket.away = True           # connections break
        with bucket.holding("PUT", number=3) as held:
            ...                      # the third put waits for what is decided

It runs in a thread of its own, and holds everything in memory. The tests of
`padfleet.shared.cold.stores` use a real service's answers; this one is there to be broken.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Final, NamedTuple
from urllib.parse import unquote

from aiohttp import web

from padfleet.shared.lifetime import Lifetime
from tests.chaos.dialects import DIALECTS, Listed, Standing

HOST: Final = "127.0.0.1"
_START_S: Final = 10.0
_HELD_S: Final = 60.0


class _Object(NamedTuple):
    data: bytes
    etag: str
    at: float
    generation: int = 0  #: another one for each put
    before: _Object | None = None  #: what was there before it


@dataclass
class HeldCall:
    """A call that waits. Then it is done, or its connection breaks with nothing done."""

    method: str
    number: int  #: counts calls of this kind since the request for it: 1 is the next
    port: int = 0  #: that of the client's end, once it is here
    here: threading.Event = field(default_factory=threading.Event)
    decided: threading.Event = field(default_factory=threading.Event)
    done: bool = True

    def release(self, *, done: bool) -> None:
        self.done = done
        self.decided.set()


class Bucket(Lifetime):
    """A bucket. Its attributes may be set from any thread, and take effect from the next call
    on."""

    def __init__(self, speaks: str = "s3") -> None:
        """Takes the scheme of the URLs whose protocol it speaks, of those in `DIALECTS`."""
        self._dialect = DIALECTS[speaks]
        self._generations = itertools.count(1)
        self.away = False  #: connections break
        self.slow_s = 0.0  #: seconds before each answer
        self.full = False  #: takes nothing more
        self.refusing = False  #: refuses every conditional put, whatever is there
        self.old = False  #: reads return the content before the last change
        self.damaged = False  #: one byte of everything that is read is wrong
        self.says: tuple[int, str] | None = None  #: answers everything with this status and code
        self.calls = 0
        self._held: HeldCall | None = None
        self._objects: dict[str, _Object] = {}
        self._port = 0
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="bucket")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    @property
    def url(self) -> str:
        """Returns the URL of a cold store in this bucket."""
        return self._dialect.url(self._port)

    @property
    def credentials(self) -> dict[str, str]:
        """Returns credentials for the environment of whoever uses the bucket."""
        return self._dialect.credentials

    @property
    def settings(self) -> dict[str, str]:
        """Returns the settings for the processes of a fleet, and for anyone who reads its pads."""
        return {"PADFLEET_COLD_URL": self.url, **self.credentials}

    def start(self) -> None:
        self._thread.start()
        assert self._started.wait(_START_S), "the bucket does not start"

    def stop(self) -> None:
        if self._held is not None:
            self._held.release(done=False)
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_START_S)

    def empty(self) -> None:
        self._objects.clear()

    def versions(self, part: str) -> dict[str, int]:
        """Returns the objects whose names contain `part`, each with the number of its last put."""
        return {name: one.generation for name, one in self._objects.items() if part in name}

    def mend(self) -> None:
        self.away = self.full = self.refusing = self.old = self.damaged = False
        self.slow_s = 0.0
        self.says = None

    @contextmanager
    def holding(self, method: str = "", number: int = 1) -> Iterator[HeldCall]:
        """Lets the call with this number, of this method or of any, wait until it is released; at
        the end of the context it is released at the latest, and done."""
        held = HeldCall(method, number)
        self._held = held
        try:
            yield held
        finally:
            self._held = None
            held.decided.set()

    # --- In the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/{tail:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        site = web.TCPSite(runner, HOST, 0)
        await site.start()
        self._port = runner.addresses[0][1]
        self._started.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        self.calls += 1
        body = await request.read()
        held = self._held
        if held is not None and not held.here.is_set() and held.method in ("", request.method):
            held.number -= 1
            if held.number == 0:
                assert request.transport is not None
                held.port = request.transport.get_extra_info("peername")[1]
                held.here.set()
                await asyncio.to_thread(held.decided.wait, _HELD_S)
                if not held.done:
                    return _broken(request)
        if self.slow_s:
            await asyncio.sleep(self.slow_s)
        if self.away:
            return _broken(request)
        if self.says is not None:
            return _error(*self.says)
        name = unquote(request.path).removeprefix(self._dialect.path).strip("/")
        match request.method:
            case "PUT":
                return self._put(request, name, body)
            case "DELETE":
                self._objects.pop(name, None)
                return web.Response(status=204)
            case "POST":  # a deletion of several names at once
                names, answer = self._dialect.deleted(body.decode())
                for key in names:
                    self._objects.pop(key, None)
                headers = {"Content-Type": answer.kind}
                body = answer.text.encode()
                return web.Response(status=answer.status, body=body, headers=headers)
            case _ if name:
                return self._get(name)
        return self._list(request)

    def _put(self, request: web.Request, name: str, body: bytes) -> web.Response:
        if self.full:
            return _error(507, "InsufficientStorage")
        there = self._objects.get(name)
        standing = Standing(there.etag, there.generation) if there is not None else None
        fits = self._dialect.fits(request.headers, standing)
        if fits is False or (fits and self.refusing):
            return _error(*self._dialect.unfit(standing))
        before = there._replace(before=None) if there is not None else None
        put = _Object(body, _etag(body), time.time(), next(self._generations), before)
        self._objects[name] = put
        return web.Response(status=201, headers=_headers(put))

    def _get(self, name: str) -> web.Response:
        found = self._objects.get(name)
        if found is None:
            return _error(404, "NoSuchKey")
        if self.old and found.before is not None:
            found = found.before
        data = found.data
        if self.damaged and data:
            middle = len(data) // 2
            data = data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :]
        return web.Response(body=data, headers=_headers(found))

    def _list(self, request: web.Request) -> web.Response:
        query = request.query
        after, prefix = query.get("start-after", ""), query.get("prefix", "")
        names = [n for n in sorted(self._objects) if n.startswith(prefix) and n > after]
        found = (Listed(n, len(self._objects[n].data), self._objects[n].etag) for n in names)
        return web.Response(text=self._dialect.listing(found), content_type="application/xml")


def _etag(data: bytes) -> str:
    return f'"{hashlib.sha256(data).hexdigest()[:32]}"'


def _headers(found: _Object) -> dict[str, str]:
    return {
        "ETag": found.etag,
        "Last-Modified": formatdate(found.at, usegmt=True),
        "x-goog-generation": str(found.generation),
    }


def _broken(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _error(status: int, code: str) -> web.Response:
    text = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>"
    return web.Response(status=status, text=text, content_type="application/xml")
