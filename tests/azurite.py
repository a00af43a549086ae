"""Runs Azurite, Microsoft's own emulator of Azure's blob service, for tests of `az://`.

    with azurite() as server:
        server.enter(monkeypatch)
        url = server.url(server.new_container(), "some/prefix")

It is a program of npm (``npm install --global azurite``), found on the PATH or named by `AZURITE`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from itertools import count
from pathlib import Path
from typing import Final
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from tests.eventually import eventually_sync
from tests.processes import free_ports

PROGRAM: Final = os.environ.get("AZURITE", "") or shutil.which("azurite-blob")

ACCOUNT: Final = "padfleet"
KEY: Final = base64.b64encode(b"known to everybody").decode()

_VERSION: Final = "2023-11-03"
_START_S: Final = 60.0


@dataclass
class AzuriteServer:
    """A running server. Its content is lost with it."""

    port: int
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def enter(self, monkeypatch: pytest.MonkeyPatch, key: str = KEY) -> None:
        """Gives this process credentials."""
        monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", key)

    def new_container(self) -> str:
        name = f"container-{next(self._numbers)}"
        date = formatdate(usegmt=True)
        path = f"/{ACCOUNT}/{name}"
        # The account is named twice: once as such, and once as the first part of the path.
        signed = (
            "PUT" + "\n" * 12 + f"x-ms-date:{date}\nx-ms-version:{_VERSION}\n"
            f"/{ACCOUNT}{path}\nrestype:container"
        )
        digest = hmac.digest(base64.b64decode(KEY), signed.encode(), hashlib.sha256)
        headers = {
            "x-ms-date": date,
            "x-ms-version": _VERSION,
            "Authorization": f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}",
        }
        url = f"http://127.0.0.1:{self.port}{path}?restype=container"
        with urlopen(Request(url, method="PUT", headers=headers), timeout=30):
            return name

    def url(self, container: str, prefix: str, port: int | None = None) -> str:
        """Returns the URL of a cold store in this container, by way of another port if one is
        given."""
        endpoint = f"http://127.0.0.1:{port or self.port}/{ACCOUNT}"
        return f"az://{container}/{prefix}?{urlencode({'account': ACCOUNT, 'endpoint': endpoint})}"


@contextmanager
def azurite(folder: Path) -> Iterator[AzuriteServer]:
    """Starts a server that keeps what it has in `folder`. Skips the test where there is none."""
    if PROGRAM is None:
        pytest.skip("Azurite is not installed: npm install --global azurite")
    (port,) = free_ports(1)
    words = [PROGRAM, "--blobPort", str(port), "--location", str(folder)]
    words += ["--silent", "--skipApiVersionCheck", "--disableTelemetry", "--disableProductStyleUrl"]
    environment = os.environ | {"AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(words, stdout=log, stderr=log, env=environment)
    try:
        eventually_sync(lambda: _answers(port), "Azurite answers", timeout=_START_S)
        yield AzuriteServer(port)
    finally:
        server.terminate()
        server.wait(timeout=_START_S)


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/", timeout=5):
            return True
    except HTTPError:
        return True
    except OSError:
        return False
