"""Tests what people install: the source distribution, the wheel that is made of it, and what that
brings into an empty environment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from padfleet.shared.client import connect
from tests.eventually import eventually_sync
from tests.processes import free_ports

ROOT = Path(__file__).parents[2]

BUILD = "from setuptools import build_meta; import sys; getattr(build_meta, sys.argv[1])('dist')"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def run(*words: str | Path, cwd: Path | None = None) -> str:
    ended = subprocess.run(
        list(map(str, words)),
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert ended.returncode == 0, f"{words}:\n{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}"
    return ended.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, unpacked. It is made of the files in git and of the built page, in a
    folder of its own, since setuptools leaves files behind."""
    folder = tmp_path_factory.mktemp("source")
    tracked = run("git", "ls-files", "-z", cwd=ROOT).split("\0")
    built = [str(path.relative_to(ROOT)) for path in (ROOT / "services/web/page/built").rglob("*")]
    for name in filter(None, (*tracked, *built)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_symlink():
            (folder / name).symlink_to((ROOT / name).readlink())
        elif (ROOT / name).is_file():
            (folder / name).write_bytes((ROOT / name).read_bytes())
    run(sys.executable, "-c", BUILD, "build_sdist", cwd=folder)
    (archive,) = (folder / "dist").glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    return unpacked


@pytest.fixture(scope="module")
def wheel(source: Path) -> Path:
    run(sys.executable, "-c", BUILD, "build_wheel", cwd=source)
    (found,) = (source / "dist").glob("*.whl")
    return found


def test_the_wheel_has_all_that_is_needed_and_no_more(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    needed = {
        f"padfleet/{path.relative_to(ROOT)}"
        for top in ("shared", "services")
        for pattern in ("*.py", "*.lua", "*.html", "*.json")
        for path in (ROOT / top).rglob(pattern)
        if not {"node_modules", "page", "dev"} & set(path.relative_to(ROOT).parts)
    }
    needed |= {"padfleet/__init__.py", "padfleet/__main__.py", "padfleet/py.typed"}
    assert needed <= names, needed - names
    if (ROOT / "services/web/page/built/manifest.json").exists():
        assert "padfleet/services/web/page/built/manifest.json" in names
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"padfleet"}
    assert not [name for name in names if "node_modules" in name or "/services/dev/" in name]


def bring_what_is_required(site: Path) -> None:
    """Puts what the wheel there requires beside it, and what that requires, as links to what our
    environment has: to let pip fetch, unpack and compile it took twenty seconds of CPU. `pip check`
    says whether it is what is required."""
    (wheel,) = distributions(path=[str(site)])
    wanted, there = [(wheel, {""})], {"padfleet"}
    while wanted:
        found, extras = wanted.pop()
        for needed in map(Requirement, found.requires or ()):
            marker, name = needed.marker, canonicalize_name(needed.name)
            applies = marker is None or any(marker.evaluate({"extra": extra}) for extra in extras)
            if not applies or name in there:
                continue
            there.add(name)
            wanted.append((brought := distribution(name), {"", *needed.extras}))
            for file in brought.files or ():
                if ".." not in file.parts:  # a command
                    (site / file).parent.mkdir(parents=True, exist_ok=True)
                    (site / file).symlink_to(file.locate())


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> Path:
    """The command, in an environment that has nothing but the wheel and its dependencies."""
    venv.create(tmp_path / "env", with_pip=False)
    (site,) = (tmp_path / "env/lib").glob("python3*/site-packages")
    pip: list[str | Path] = [
        *(sys.executable, "-m", "pip", "--python", tmp_path / "env/bin/python"),
        *("--quiet", "--disable-pip-version-check"),
    ]
    run(*pip, "install", "--no-deps", wheel)
    bring_what_is_required(site)
    run(*pip, "check")
    # What else is installed may have such names.
    for name in ("services", "shared", "tests"):
        (site / name).mkdir()
        (site / name / "__init__.py").write_text(f"raise ImportError('not this {name}')\n")
    return tmp_path / "env/bin/padfleet"


@pytest.fixture
def served(installed: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a fleet that `padfleet up` runs, away from the source: Python would find that
    in the folder in which it is started."""
    assert "loadtest" in (commands := run(installed, "--help", cwd=tmp_path))
    assert "replay" not in commands
    public = "import padfleet, padfleet.easysync, padfleet.hooks; print(padfleet.connect)"
    assert "connect" in run(installed.parent / "python", "-c", public, cwd=tmp_path)
    (worker,) = free_ports(1)
    words = ["--port", str(worker), "--data", "data"]
    log = tmp_path / "printed"
    with log.open("wb") as printed:
        fleet = subprocess.Popen(
            [installed, "up", "--workers", "1", "--writers", "1", *words],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=printed,
        )
    try:
        eventually_sync(lambda: "padfleet is up" in log.read_text(), "it is up", timeout=60)
        yield f"http://127.0.0.1:{worker}"
    finally:
        fleet.send_signal(signal.SIGINT)
        ended = fleet.wait(30)
    assert ended == 0, log.read_text()


async def test_it_runs_in_an_environment_of_its_own(served: str) -> None:
    async with connect(f"{served}/p/packaged") as pad:
        await pad.append("from the wheel\n")
        await pad.flush()
