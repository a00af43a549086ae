"""Runs a server that speaks S3 (moto's, in this process), for tests of cold stores in buckets."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest


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
    from moto.server import ThreadedMotoServer  # takes a second to import

    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield S3Server(f"http://{host}:{port}")
    finally:
        server.stop()
