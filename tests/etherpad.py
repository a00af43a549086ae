"""Runs a real Etherpad from a checkout that has its dependencies and its built parts.

    git clone https://github.com/ether/etherpad && cd etherpad
    pnpm install && pnpm run build:etherpad

Tests that run one find such a checkout of 3.3 by ETHERPAD_CHECKOUT, and its Node.js by
ETHERPAD_NODE, or else as `node`. ETHERPAD_URL is the address of an Etherpad that runs already, and
that others use.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.eventually import eventually_sync
from tests.processes import free_ports

CHECKOUT = os.environ.get("ETHERPAD_CHECKOUT", "")
NODE = os.environ.get("ETHERPAD_NODE", "") or shutil.which("node") or ""

needs_checkout = pytest.mark.skipif(
    not CHECKOUT, reason="there is no built Etherpad (ETHERPAD_CHECKOUT)"
)

URL = os.environ.get("ETHERPAD_URL", "")

needs_url = pytest.mark.skipif(not URL, reason="there is no Etherpad that runs (ETHERPAD_URL)")

needs_any = pytest.mark.skipif(
    not (URL or CHECKOUT), reason="there is no Etherpad (ETHERPAD_URL, ETHERPAD_CHECKOUT)"
)

KEY = "the key of this Etherpad"
"""The key of its API, if `with_database` runs it."""


def environment(node: str) -> dict[str, str]:
    """Returns the environment for Etherpad's programs, with the folder of this Node.js before all
    others."""
    path = f"{Path(node).parent}{os.pathsep}{os.environ['PATH']}"
    # Its package.json asks for a newer pnpm than may be here; older ones can do what is needed.
    return {**os.environ, "PATH": path, "pnpm_config_pm_on_fail": "ignore"}


def copied(checkout: Path, to: Path, plugins: Sequence[Path], node: str) -> Path:
    """Makes a copy of a checkout with these plugins, installed as its documentation says; the
    checkout is not changed. Takes half a minute."""
    ignored = shutil.ignore_patterns(".git")
    shutil.copytree(checkout, to, symlinks=True, ignore=ignored, copy_function=_put)
    for plugin in plugins:
        done = subprocess.run(
            ["pnpm", "run", "plugins", "i", "--path", str(plugin.resolve())],
            cwd=to,
            env=environment(node),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        installed = json.loads((to / "var/installed_plugins.json").read_text())["plugins"]
        name = json.loads((plugin / "package.json").read_text())["name"]
        assert name in [given["name"] for given in installed], done.stdout
    return to


def _put(source: str, target: str) -> None:
    """Copies a file, or links it if it is in pnpm's store, which is never written again and is nine
    tenths of everything."""
    if f"{os.sep}.pnpm{os.sep}" in source:
        with suppress(OSError):  # another file system
            os.link(source, target)
            return
    shutil.copy2(source, target)


def database_settings(url: str) -> dict[str, Any]:
    """Returns the settings of an Etherpad for the database with this address."""
    parts = urlsplit(url)
    kind = "postgres" if parts.scheme == "postgresql" else "mysql"
    return {
        "dbType": kind,
        "dbSettings": {
            "host": parts.hostname,
            "port": parts.port,
            "user": parts.username,
            "password": parts.password or "",
            "database": parts.path.lstrip("/"),
            **({"charset": "utf8mb4"} if kind == "mysql" else {}),
        },
    }


@contextmanager
def with_database(folder: Path, url: str) -> Iterator[str]:
    """Runs the Etherpad of ETHERPAD_CHECKOUT with its records in the database with this `url`, and
    yields its address."""
    settings = {
        "title": "Etherpad",
        "loglevel": "WARN",
        "authenticationMethod": "apikey",
        "defaultPadText": "start",
        "commitRateLimiting": {"duration": 1, "points": 1_000_000},
        "importExportRateLimiting": {"windowMs": 90_000, "max": 1_000_000},
    }
    key = folder / "APIKEY.txt"
    key.write_text(KEY)
    database = database_settings(url)
    words = ("--apikey", str(key))
    with running(Path(CHECKOUT), folder, settings, NODE, database=database, words=words) as port:
        yield f"http://127.0.0.1:{port}"


@contextmanager
def any_etherpad(folder: Path) -> Iterator[str]:
    """Yields the address of the Etherpad that runs, or of one that is run from the checkout."""
    if URL:
        yield URL
        return
    with running(Path(CHECKOUT), folder, {"loglevel": "WARN"}, NODE) as port:
        yield f"http://127.0.0.1:{port}"


@contextmanager
def running(
    checkout: Path,
    folder: Path,
    settings: Mapping[str, Any],
    node: str,
    *,
    database: Mapping[str, Any] | None = None,
    words: Sequence[str] = (),
) -> Iterator[int]:
    """Runs an Etherpad with these settings, and yields its port. Its log is in `folder`, and so is
    its database, unless there are settings for another.

    Arguments:
        words: further words of its command line.
    """
    (port,) = free_ports(1)
    if database is None:
        database = {"dbType": "dirty", "dbSettings": {"filename": str(folder / "dirty.db")}}
    path = folder / "settings.json"
    path.write_text(json.dumps({**settings, **database, "port": port, "ip": "127.0.0.1"}))
    log = folder / "etherpad.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [node, "--require", "tsx/cjs", "node/server.ts", "--settings", str(path), *words],
            cwd=checkout / "src",
            env={**environment(node), "NODE_ENV": "production"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )

    def answers() -> bool:
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    try:
        eventually_sync(answers, "Etherpad answers", timeout=100)
        yield port
    finally:
        process.terminate()
        process.wait(30)
