"""Tests that the units for one machine with systemd are sound and confined, and that what they
start runs as they start it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.settings import FanoutSettings, WriterSettings
from padfleet.shared.settings.declare import specs
from tests.processes import free_ports

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "systemd"
UNITS = FOLDER / "units"
SERVICES = (
    "padfleet-node@1.service",
    "padfleet-fanout@1.service",
    "padfleet-writer@1.service",
    "padfleet-backup.service",
)
MOST_EXPOSED = 2.5

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze"
)


def template(unit: str) -> str:
    """Returns the text of the unit's file."""
    return (UNITS / re.sub(r"@.*\.", "@.", unit)).read_text()


def values(unit: str, name: str) -> list[str]:
    """Returns the unit's values for `name`, for its first instance."""
    found = re.findall(rf"^{name}=(.*)$", template(unit), re.MULTILINE)
    return [value.replace("%i", "1").replace("%H", "host") for value in found]


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """The root of a machine on which the units have been put where the page says."""
    units = tmp_path / "etc/systemd/system"
    shutil.copytree(UNITS, units)
    program = tmp_path / "opt/padfleet/bin/padfleet"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    (tmp_path / "etc/padfleet").mkdir()
    shutil.copy(FOLDER / "padfleet.env", tmp_path / "etc/padfleet")
    # What systemd itself brings along, which the units refer to.
    for name in ("network-online.target", "sysinit.target", "basic.target", "shutdown.target"):
        (units / name).write_text("[Unit]\nDescription=of systemd\n")
    for name in ("multi-user.target", "timers.target", "time-sync.target", "-.mount"):
        (units / name).write_text("[Unit]\nDescription=of systemd\n")
    return tmp_path


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *words], capture_output=True, text=True, timeout=60, check=False
    )


@needs_systemd
@pytest.mark.parametrize("unit", [*SERVICES, "padfleet.target", "padfleet-backup.timer"])
def test_systemd_finds_nothing_wrong_with_it(unit: str, machine: Path) -> None:
    done = analyze("verify", f"--root={machine}", "--man=no", "--recursive-errors=no", unit)
    said = [line for line in done.stderr.splitlines() if "padfleet" in line]
    assert (done.returncode, said) == (0, []), done.stderr


@needs_systemd
@pytest.mark.parametrize("unit", SERVICES)
def test_the_container_is_restricted(unit: str, machine: Path) -> None:
    most = f"--threshold={round(MOST_EXPOSED * 10)}"
    done = analyze("security", "--offline=yes", f"--root={machine}", most, unit)
    (level,) = re.findall(r"Overall exposure level for .*: ([0-9.]+)", done.stdout)
    assert (done.returncode, float(level) <= MOST_EXPOSED) == (0, True), done.stdout


def test_the_page_about_installing_copies_what_is_there() -> None:
    page = (ROOT / "docs" / "install-debian.md").read_text()
    named = re.findall(r"/usr/src/padfleet/([\w./@-]+)", page)
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
    (block,) = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    steps = [line for line in block.splitlines() if line and not line.startswith("#")]
    assert len(steps) <= 20, "from an empty Debian to TLS"


def test_the_file_of_settings_has_none_that_is_unknown() -> None:
    known = {spec.env for kind in (FanoutSettings, WriterSettings) for spec in specs(kind)}
    known.add("PADFLEET_REDIS_URL")
    text = (FOLDER / "padfleet.env").read_text()
    assert set(re.findall(r"^#?(PADFLEET_\w+)=", text, re.MULTILINE)) <= known
    for unit in SERVICES:
        assert {value.partition("=")[0] for value in values(unit, "Environment")} <= known


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[EmbeddedServer]:
    with EmbeddedServer(tmp_path / "redis") as server:
        yield server


def test_nothing_runs_that_was_not_enabled() -> None:
    """A node or a writer: the target cannot know which of them there is."""
    assert "@" not in template("padfleet.target")
    for unit in SERVICES[:3]:
        assert values(unit, "WantedBy") == values(unit, "PartOf") == ["padfleet.target"]


def test_a_node_has_the_place_of_a_worker() -> None:
    """One takes over from the other, behind the same balancer."""
    node, worker = (set(values(unit, "Environment")) for unit in SERVICES[:2])
    assert {one.partition("=")[0] for one in node ^ worker} == {"PADFLEET_WORKER_ID"}
    # Its writer has the same name, and may run beside another writer of the same number.
    (name,) = {one.partition("=")[2] for one in node - worker}
    assert f"PADFLEET_WRITER_ID={name}" not in values("padfleet-writer@1.service", "Environment")
    (longest,) = values("padfleet-node@1.service", "TimeoutStopSec")
    assert int(longest) * 1000 >= FanoutSettings.drain_ms + 10_000


@pytest.mark.parametrize(
    "units",
    [
        ("padfleet-node@1.service",),
        ("padfleet-writer@1.service", "padfleet-fanout@1.service"),
    ],
    ids=["node", "apart"],
)
def test_what_the_units_start_gets_ready_and_is_backed_up(
    redis: EmbeddedServer, tmp_path: Path, units: Sequence[str]
) -> None:
    """They run with the settings of the file and of the units, except for ports and the address of
    Redis."""
    given = dict(
        line.split("=", 1)
        for line in (FOLDER / "padfleet.env").read_text().splitlines()
        if line.startswith("PADFLEET_")
    )
    given["PADFLEET_REDIS_URL"] = redis.url
    ports = dict(zip(("9101", "9001", "9201"), map(str, free_ports(3)), strict=True))

    def moved(words: str) -> list[str]:
        for port, free in ports.items():
            words = words.replace(port, free)
        words = words.replace("/var/lib/padfleet/backups", str(tmp_path / "backups"))
        program, *rest = shlex.split(words)
        assert program == "/opt/padfleet/bin/padfleet"
        return [sys.executable, "-m", "padfleet", *rest]

    running: list[subprocess.Popen[bytes]] = []
    try:
        for unit in units:
            environ = {**os.environ, **given}
            for setting in values(unit, "Environment"):
                name, _, value = setting.partition("=")
                environ[name] = ports.get(value, value)
            (start,) = values(unit, "ExecStart")
            with (tmp_path / f"{unit}.log").open("wb") as log:
                running.append(subprocess.Popen(moved(start), env=environ, stdout=log, stderr=log))
            (ready,) = values(unit, "ExecStartPost")
            ready = ready.replace("$MAINPID", str(running[-1].pid))
            done = subprocess.run(moved(ready), capture_output=True, text=True, timeout=90)
            assert done.returncode == 0, done.stdout + (tmp_path / f"{unit}.log").read_text()
        address = f"http://127.0.0.1:{ports['9001']}/p/pad"
        pad = ["-m", "padfleet", "pad", "append", address, "words"]
        subprocess.run([sys.executable, *pad], timeout=60, check=True)
        for command in values("padfleet-backup.service", "ExecStart"):
            environ = {**os.environ, **given}
            done = subprocess.run(
                moved(command), env=environ, capture_output=True, text=True, timeout=60
            )
            assert done.returncode == 0, done.stderr
        assert len(list((tmp_path / "backups").iterdir())) == 1
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(60)
    assert [process.returncode for process in running] == [0] * len(units)
