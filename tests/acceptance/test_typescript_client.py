"""Tests padfleet-client, the library of the page, in Node.js and on a real fleet."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from padfleet.services.tools.pad.__main__ import main as pad_command
from padfleet.shared.settings.fanout import WELCOME
from tests import node
from tests.acceptance.npm import new_pad
from tests.fleet import Fleet
from tests.nginx import no_websockets

PAGE = Path(__file__).parents[2] / "services" / "web" / "page"


@pytest.fixture(autouse=True)
def _node() -> None:
    """Skips the tests without Node.js. In CI, they fail instead."""
    node.require(PAGE)


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
    edits = [f"<{writer}.{edit}>" for writer in range(2) for edit in range(result["edits"])]
    for edit in edits:
        assert text.count(edit) <= 1  # others may type into the middle of it
    # Every character got there, once.
    digits = sum(map(len, edits))
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


def test_what_is_larger_than_a_message_may_be_gets_in_whole(fleet: Fleet) -> None:
    """The page sent it, was cut off, and sent it again, forever."""
    result = json.loads(run("test/trouble.ts", "paste", f"{fleet.urls[0]}/p/{new_pad()}"))
    assert result["same"]
    assert result["lost"] == 0
    assert result["accepted"] > 2 * len(result["lengths"])


def test_what_is_said_into_a_dead_connection_is_there_once_and_none_is_missing(
    fleet: Fleet,
) -> None:
    result = json.loads(run("test/trouble.ts", "chat", f"{fleet.urls[0]}/p/{new_pad()}"))
    assert result == {
        "lines": 1 + 6 * 20 + 1,
        "onces": 1,
        "refusals": ["the connection was lost before the server answered", "not connected"],
    }


def test_where_a_proxy_lets_no_websocket_through_it_polls(fleet: Fleet, tmp_path: Path) -> None:
    """It tried the WebSocket again and again, and the page stayed "Not connected"."""
    with no_websockets(fleet.urls[0], tmp_path) as url:
        result = json.loads(run("test/trouble.ts", "write", f"{url}/p/{new_pad()}"))
    assert result["transport"] == "polling"
    assert result["text"].startswith("again written ")
    assert result["attempts"] == 2  # after the WebSocket: polling, and polling again
