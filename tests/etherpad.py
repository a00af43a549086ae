"""A real Etherpad, run from a checkout that has its dependencies and its built parts.

git clone https://github.com/ether/etherpad && cd etherpad
pnpm install && pnpm run build:etherpad
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

from tests.eventually import eventually_sync
from tests.processes import free_ports


def environment(node: str) -> dict[str, str]:
    """For programs of Etherpad's, with the folder of this Node.js before all others."""
    path = f"{Path(node).parent}{os.pathsep}{os.environ['PATH']}"
    # Its package.json wants a newer pnpm than may be here; what is asked of it, older ones can do.
    return {**os.environ, "PATH": path, "pnpm_config_pm_on_fail": "ignore"}


def copied(checkout: Path, to: Path, plugins: Sequence[Path], node: str) -> Path:
    """A copy of a checkout with these plugins, installed as its documentation says; the checkout
    stays as it is. Takes half a minute."""
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
    """What pnpm has put away is never written again, and is nine tenths of all: it is linked."""
    if f"{os.sep}.pnpm{os.sep}" in source:
        with suppress(OSError):  # another file system
            os.link(source, target)
            return
    shutil.copy2(source, target)


@contextmanager
def running(checkout: Path, folder: Path, settings: Mapping[str, Any], node: str) -> Iterator[int]:
    """Its port, while it runs with these settings; its database and its log are in `folder`."""
    (port,) = free_ports(1)
    database = {"dbType": "dirty", "dbSettings": {"filename": str(folder / "dirty.db")}}
    path = folder / "settings.json"
    path.write_text(json.dumps({**settings, **database, "port": port, "ip": "127.0.0.1"}))
    log = folder / "etherpad.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [node, "--require", "tsx/cjs", "node/server.ts", "--settings", str(path)],
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
        eventually_sync(answers, "Etherpad answers", timeout=120)
        yield port
    finally:
        process.terminate()
        process.wait(30)
