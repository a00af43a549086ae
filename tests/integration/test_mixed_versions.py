"""This release beside the last one that was released, in either order, as in an upgrade or a way
back: what docs/operations.md promises."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from padfleet.shared.client import connect
from tests.eventually import eventually
from tests.fleet import PADFLEET, ROOT, Fleet

RELEASED = "2867f4a"
"""A commit of this repository."""


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Returns the command that runs the release. The test is skipped where the repository's history
    is missing."""
    folder = tmp_path_factory.mktemp("released") / "padfleet"
    git = ("git", "-C", str(ROOT))
    known = subprocess.run([*git, "cat-file", "-e", f"{RELEASED}^{{commit}}"], capture_output=True)
    if known.returncode != 0:
        pytest.skip(f"the history of this repository, with {RELEASED}, is not here")
    folder.mkdir()
    archive = subprocess.run(
        [*git, "archive", RELEASED, "services", "shared"], capture_output=True, check=True
    )
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
    # It has no port of its own for operators, and does not know that flag.
    run = f'cd "{folder}" && exec "{sys.executable}" -m services "$1" "$2" "$3"'
    return ("sh", "-c", run, "sh")


OLD, NEW = "old", "new"


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("writer", "workers"),
    [(OLD, (OLD, NEW)), (NEW, (OLD, NEW)), (OLD, (NEW, NEW)), (NEW, (OLD, OLD))],
    ids=[
        "new worker comes",
        "new writer too",
        "old writer, new workers",
        "new writer, old workers",
    ],
)
async def test_I1_I7_people_write_across_both(
    writer: str,
    workers: tuple[str, str],
    released: tuple[str, ...],
    redis_url: str,
    tmp_path: Path,
) -> None:
    """People write on a pad that the other release made too, and continue when the writer is
    replaced."""
    launch = {OLD: released, NEW: PADFLEET}
    with Fleet(
        redis_url, tmp_path, {"PADFLEET_PARTITIONS": "4", "PADFLEET_LEASE_MS": "1000"}
    ) as fleet:
        fleet.start(writers=1, workers=0, launcher=launch[writer])
        for version in workers:
            fleet.start(writers=0, workers=1, launcher=launch[version])
        made = [f"{fleet.urls[number]}/p/made-{number}" for number in (0, 1)]
        for url in made:
            async with connect(url) as pad:
                await pad.append("made\n")
        other = launch[NEW if writer == OLD else OLD]
        for change_the_writer in (False, True):
            if change_the_writer:
                fleet.start(writers=1, workers=0, launcher=other)
                fleet.writers.pop(0).kill()
            for number in (0, 1):
                here, there = (f"{url}/p/made-{number}" for url in fleet.urls)
                async with connect(here) as one, connect(there) as two:
                    for turn in range(3):
                        await asyncio.wait_for(one.append(f"one {turn}\n"), 30)
                        await asyncio.wait_for(two.append(f"two {turn}\n"), 30)
                    await eventually(lambda: one.rev == two.rev and one.text == two.text)
                    assert one.text.count("two 2\n") == 1 + change_the_writer
