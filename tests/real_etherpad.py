"""A real Etherpad on a real database, where one can be had: PADFLEET_TEST_ETHERPAD names a checkout
of 3.3 with its dependencies, and PADFLEET_TEST_NODE the Node.js that it wants (else: `node`)."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.eventually import eventually_sync
from tests.processes import free_ports

CHECKOUT = os.environ.get("PADFLEET_TEST_ETHERPAD", "")
NODE = os.environ.get("PADFLEET_TEST_NODE", "node")

WHY_NOT = "there is no Etherpad (PADFLEET_TEST_ETHERPAD), which takes minutes to build"

KEY = "the key of this Etherpad"


def database_settings(url: str) -> dict[str, Any]:
    """What an Etherpad's settings say of the database with this address."""
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
def real_etherpad(folder: Path, database: str) -> Iterator[str]:
    """Its address, while it runs with its records in this database."""
    (port,) = free_ports(1)
    settings = {
        "title": "Etherpad",
        "ip": "127.0.0.1",
        "port": port,
        "loglevel": "WARN",
        "authenticationMethod": "apikey",
        "defaultPadText": "start",
        "commitRateLimiting": {"duration": 1, "points": 1_000_000},
        "importExportRateLimiting": {"windowMs": 90_000, "max": 1_000_000},
        **database_settings(database),
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / "APIKEY.txt").write_text(KEY)
    log = folder / "etherpad.log"
    words = ["--settings", str(folder / "settings.json"), "--apikey", str(folder / "APIKEY.txt")]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [NODE, "--require", "tsx/cjs", "node/server.ts", *words],
            cwd=Path(CHECKOUT) / "src",
            env={
                **os.environ,
                "PATH": f"{Path(NODE).parent}{os.pathsep}{os.environ['PATH']}",
                "NODE_ENV": "production",
                "pnpm_config_pm_on_fail": "ignore",
            },
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
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)
