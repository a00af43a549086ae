"""Runs a server that speaks S3 (moto's, in this process), for tests of cold stores in buckets."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from threading import Lock, Thread
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from werkzeug.serving import make_server

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


@dataclass
class S3Server:
    """A running server. Its content is lost with it."""

    endpoint: str
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def enter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Gives this process credentials, of which any will do."""
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")

    def new_bucket(self) -> str:
        name = f"bucket-{next(self._numbers)}"
        with urlopen(Request(f"{self.endpoint}/{name}", method="PUT"), timeout=30):
            return name

    def url(self, bucket: str, prefix: str) -> str:
        """Returns the URL of a cold store in this bucket."""
        query = urlencode({"endpoint": self.endpoint, "region": "us-east-1"})
        return f"s3://{bucket}/{prefix}?{query}"


@contextmanager
def s3_server() -> Iterator[S3Server]:
    from moto.moto_server.werkzeug_app import (  # takes a second to import
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )

    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    app = _one_at_a_time(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield S3Server(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _one_at_a_time(app: WSGIApplication) -> WSGIApplication:
    """A put on a condition is one step, as it is with S3. moto looks at the condition first and
    puts afterwards, so that two threads of its server may both find that nothing is there."""
    lock = Lock()

    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with lock:
            return app(environ, start_response)

    return call
