"""Tests `padfleet replay` through a real fleet: a recorded session, and one made up to be
awkward."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.fleet import ROOT, Fleet
from tests.tools import Ended, ran

SHARED_TRACE = ROOT.parent / "shared" / "traces" / "friendsforever.json.gz"


def replay(fleet: Fleet, trace: Path, *flags: str) -> Ended:
    urls = [part for url in fleet.urls for part in ("--url", url)]
    return ran("replay", trace, *urls, *flags, timeout=110)


@pytest.mark.skipif(
    not SHARED_TRACE.exists(),
    reason=f"the recorded session is not here: {SHARED_TRACE.relative_to(ROOT.parent)} "
    "beside the repository",
)
def test_a_recorded_session_of_two_authors(fleet: Fleet) -> None:
    """This is real input: two people typing at once with a second of delay between them."""
    done = replay(fleet, SHARED_TRACE, "--limit", "2000", "--readers", "20")
    assert done.code == 0, done.err
    assert "exact        2000 edits" in done.out
    assert done.out.splitlines()[-1].startswith("ok: 20 readers and 2 authors agree")


def a_trace_of_three() -> dict[str, object]:
    """Returns a trace of three authors, each in a line of their own, who see each other's text now
    and then; two of them remove the same words. Positions count code points, and there are emoji
    everywhere."""
    end: list[str] = ["0😀\n", "1😀\n", "2😀\n"]
    txns: list[dict[str, object]] = []

    def add(agent: int, parents: list[int], *patches: list[object]) -> int:
        txns.append({"agent": agent, "parents": parents, "patches": list(patches)})
        return len(txns) - 1

    root = add(0, [], [0, 0, "".join(end)])
    tips = [root, root, root]
    for step in range(30):
        # Everyone types at the start of the own line, knowing what was there at the last merge.
        base = list(end)
        merged = sorted(set(tips))
        for agent in range(3):
            at = sum(len(line) for line in base[:agent])
            tips[agent] = add(agent, merged, [at, 0, f"{step % 10}é"], [at + 1, 1, "🎉"])
            end[agent] = f"{step % 10}🎉{base[agent]}"
    # Two of them remove the same first line at once.
    merged = sorted(set(tips))
    for agent in (0, 1):
        tips[agent] = add(agent, merged, [0, len(end[0]), ""])
    end[0] = ""
    add(2, sorted(set(tips)), [0, 0, "title\n"])
    return {
        "kind": "concurrent",
        "numAgents": 3,
        "endContent": "title\n" + "".join(end),
        "txns": txns,
    }


@pytest.mark.parametrize("compressed", [False, True])
def test_a_made_up_session_of_three_authors(fleet: Fleet, tmp_path: Path, compressed: bool) -> None:
    data = json.dumps(a_trace_of_three()).encode()
    trace = tmp_path / "trace"
    trace.write_bytes(gzip.compress(data) if compressed else data)
    done = replay(fleet, trace, "--readers", "6")
    assert done.code == 0, done.err
    for word in ("revisions", "batches", "bytes", "ok: 6 readers and 3 authors"):
        assert word in done.out


def test_a_wrong_final_text_is_found(fleet: Fleet, tmp_path: Path) -> None:
    content = a_trace_of_three() | {"endContent": "something else"}
    trace = tmp_path / "trace.json"
    trace.write_text(json.dumps(content))
    done = replay(fleet, trace, "--readers", "2")
    assert done.code == 1
    assert "author 0 differs at 0" in done.err


def test_bad_input_is_named(fleet: Fleet, tmp_path: Path) -> None:
    trace = tmp_path / "trace.json"
    trace.write_text('{"kind": "concurrent"}')
    done = replay(fleet, trace)
    assert (done.code, "numAgents" in done.err) == (2, True)
    missing = replay(fleet, tmp_path / "nothing.json")
    assert (missing.code, "nothing.json" in missing.err) == (2, True)
