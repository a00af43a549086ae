"""Tests that the commands which README and docs tell people to type do what is said there, as
printed.

Commands of the fleet are run on a real one, with its addresses and with directories of the test in
place of those on the page; restores and imports go into a Redis of their own.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.client import connect
from padfleet.shared.settings import FanoutSettings, WriterSettings
from padfleet.shared.settings.declare import specs
from tests.deploy.documented import ALL, ROOT, DocumentedCommand
from tests.eventually import eventually_sync
from tests.fleet import Fleet
from tests.processes import free_ports
from tests.tools import ran

KEY = "a key of the test's own"
SERVES = ("writer", "fanout", "node")
INTO_ANOTHER = ("restore", "import")


class Place:
    """A fleet with the pads that the pages name, and what stands for the places on the pages."""

    def __init__(self, fleet: Fleet, elsewhere: EmbeddedServer, folder: Path) -> None:
        self.fleet, self.elsewhere, self.folder = fleet, elsewhere, folder
        one, two = fleet.urls
        self._here = {
            "redis://redis:6379/0": fleet.redis_url,
            "http://127.0.0.1:9001": one,
            "http://127.0.0.1:9002": two,
            "http://worker:9001": one,
            "/backups/": f"{folder}/backups/",
            "/srv/pads": f"{folder}/exported",
            "apikey=…": f"apikey={KEY}",
            "Authorization: …": f"Authorization: Bearer {KEY}",
        }

    def translated(self, words: list[str]) -> list[str]:
        for there, here in self._here.items():
            words = [word.replace(there, here) for word in words]
        return words

    def environ(self, command: DocumentedCommand, words: list[str]) -> dict[str, str]:
        into = self.elsewhere.url if words[:1] and words[0] in INTO_ANOTHER else None
        return {
            **os.environ,
            "PADFLEET_REDIS_URL": into or self.fleet.redis_url,
            "PADFLEET_PARTITIONS": "4",
            **command.environ,
        }


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("documented")
    (folder / "exported").mkdir()
    settings = {"PADFLEET_PARTITIONS": "4", "PADFLEET_API_KEY": KEY}
    quick = ("--appendfsync", "no")
    with (
        EmbeddedServer(folder / "redis", extra_args=quick) as server,
        EmbeddedServer(folder / "elsewhere", extra_args=quick) as elsewhere,
        Fleet(server.url, folder, settings) as fleet,
    ):
        fleet.start(writers=1, workers=2)
        asyncio.run(_write(fleet))
        yield Place(fleet, elsewhere, folder)


async def _write(fleet: Fleet) -> None:
    for name in ("hello", "world"):
        async with connect(f"{fleet.urls[0]}/p/{name}") as pad:
            await pad.append("some words\n")


@pytest.mark.parametrize("command", ALL, ids=str)
def test_it_runs_as_it_is_printed(command: DocumentedCommand, place: Place) -> None:
    if command.why_not:
        pytest.skip(command.why_not)
    program, *words = command.words or ["settings"]
    words = place.translated(words)
    match program.rpartition("/")[2]:
        case "settings":
            known = {spec.env for kind in (FanoutSettings, WriterSettings) for spec in specs(kind)}
            assert set(command.environ) <= known
        case "make":
            _succeeds(["make", "-n", *words], cwd=ROOT)
        case "python":
            assert words[:2] == ["-m", "pytest"], "another module may take long: say why not"
            _succeeds([sys.executable, *words[:2], "--collect-only", *words[2:]], cwd=ROOT)
        case "curl":
            if shutil.which("curl") is None:
                pytest.skip("there is no curl")
            done = _succeeds(["curl", "-sS", "--fail", *words], cwd=place.folder)
            assert '"code":0' in done or "currentVersion" in done, done
        case "padfleet":
            _of_the_fleet(command, words, place)
        case other:
            pytest.fail(f"nobody knows how to run {other!r}: say in the page why it is not run")


def _of_the_fleet(command: DocumentedCommand, words: list[str], place: Place) -> None:
    environ = place.environ(command, words)
    if words[0] not in SERVES and words[:2] != ["pad", "watch"]:
        done = ran(*words, environment=environ, cwd=place.folder)
        assert done.code == 0, f"{words}:\n{done.out[-3000:]}\n{done.err[-3000:]}"
        return
    run = [sys.executable, "-m", "padfleet", *words]
    if words[0] in SERVES:
        run += ["--port", str(free_ports(1)[0])]
    said = place.folder / f"{words[0]}.said"
    with said.open("w+b") as output:
        process = subprocess.Popen(run, cwd=place.folder, env=environ, stdout=output, stderr=output)
    begun = "revision" if words[0] == "pad" else "started"
    try:
        eventually_sync(lambda: begun in said.read_text(), f"{command.words} has begun", timeout=30)
    finally:
        process.terminate()
        process.wait(30)


def _succeeds(run: list[str], *, cwd: Path) -> str:
    """Runs a command, and returns its output. If it fails, AssertionError has all of its output."""
    done = subprocess.run(run, cwd=cwd, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, f"{run}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout
