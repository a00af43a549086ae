"""padfleet-client, the library of the page, in Node and on a real fleet."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from services.pad.__main__ import main as pad_command
from shared.settings.fanout import WELCOME
from tests.acceptance.npm import new_pad
from tests.fleet import Fleet

PAGE = Path(__file__).parents[2] / "services" / "page"


@pytest.fixture(autouse=True)
def _node() -> None:
    """Without Node the tests are left out. In CI that is a failure."""
    lacking = None
    if shutil.which("node") is None:
        lacking = "there is no node"
    elif not (PAGE / "node_modules").is_dir():
        lacking = "the packages from npm are not installed (make setup)"
    if lacking is not None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(lacking)


def run(script: str, *arguments: str) -> str:
    command = ["node", "--import", "tsx", f"client/{script}", *arguments]
    done = subprocess.run(
        command, cwd=PAGE, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_goes_on_through_lost_connections_and_loses_nothing(fleet: Fleet) -> None:
    pad = new_pad()
    result = json.loads(run("test/live.ts", *(f"{url}/p/{pad}" for url in fleet.urls[:2])))
    assert len(set(result["texts"])) == 1
    text = result["texts"][0]
    for writer in range(2):
        for edit in range(60):
            assert text.count(f"<{writer}.{edit}>") <= 1  # others may type into the middle of it
    # Every character got there, once.
    digits = sum(len(f"<{writer}.{edit}>") for writer in range(2) for edit in range(60))
    assert len(text) == digits + len(f"{WELCOME}\n")
    assert result["settled"]
    assert result["gapless"]
    assert result["replayed"]
    assert result["longest"] > 1, "no message had several revisions"
    assert result["present"] == [3, 3]


def test_the_example_of_the_docs_works(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"{fleet.urls[0]}/p/{new_pad()}"
    assert run("examples/append.ts", url, "a line") == "revision 1\n"
    assert pad_command(["cat", url]) == 0
    assert capsys.readouterr().out.endswith("\na line\n")


def test_a_pad_that_cannot_be_had_is_an_error_with_the_reason(fleet: Fleet) -> None:
    with pytest.raises(AssertionError, match="no access to this pad: deny"):
        run("examples/append.ts", f"{fleet.urls[0]}/p/r.doesnotexist", "a line")
    with pytest.raises(AssertionError, match="not the address of a pad"):
        run("examples/append.ts", fleet.urls[0], "a line")
