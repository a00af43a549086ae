"""Runs `etherpad-load-test` from npm, unchanged, with which people have measured Etherpad for
years."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.acceptance.npm import FOLDER, borrow_npm, each_worker, new_pad
from tests.fleet import Fleet

# Not for the process itself, but for its word on whether Node and the packages are here.
npm = pytest.fixture(borrow_npm)

AUTHORS, LURKERS, SECONDS = 5, 4, 5


def counted(output: str, what: str) -> int:
    """Returns a count from the tables that it prints at the end."""
    found = re.search(rf"{what}: {{[^}}]*?count: (\d+)", output)
    assert found is not None, f"no {what} in:\n{output[-2000:]}"
    return int(found[1])


@pytest.mark.usefixtures("npm")
@each_worker
def test_etherpad_load_test_runs_and_loses_nothing(fleet: Fleet, worker: int) -> None:
    done = subprocess.run(
        [
            *("node", "node_modules/.bin/etherpad-loadtest"),
            f"{fleet.urls[worker]}/p/{new_pad()}",
            *("-a", str(AUTHORS), "-l", str(LURKERS), "-d", str(SECONDS)),
        ],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "Load Tests PASS" in done.stdout
    assert counted(done.stdout, "authorsConnected") == AUTHORS
    assert counted(done.stdout, "lurkersConnected") == LURKERS
    sent, accepted = counted(done.stdout, "appendSent"), counted(done.stdout, "acceptedCommit")
    # It ends in the middle of things: what was sent last has no answer yet.
    assert 0 < sent - 2 * AUTHORS <= accepted <= sent
    # Everybody else gets each of them, but for those before all had come and the very last.
    others = AUTHORS + LURKERS - 1
    received = counted(done.stdout, "changeFromServer")
    # Its random letters include controls, which a revision of their own takes out again.
    assert others * (accepted - 4 * AUTHORS) <= received <= 2 * others * sent
