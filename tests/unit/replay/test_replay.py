"""Tests that a replay makes every edit on its original text, and ends with the trace's final
text."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from padfleet.services.dev.replay import __main__ as command
from padfleet.services.dev.replay.__main__ import ReplayReport, replay
from padfleet.services.dev.replay.author import ReplayFailed
from padfleet.services.dev.replay.trace import parse_trace
from padfleet.shared.client import connect
from tests.unit.client.model_server import ModelServer
from tests.unit.client.pad_server import PadServer, serving
from tests.unit.replay.made_up import made_up


async def replayed(
    content: dict[str, Any], *, servers: int = 2, readers: int = 2, merge: int = 20
) -> ReplayReport:
    model = ModelServer("Welcome!\n")
    async with serving(*(PadServer(model) for _ in range(servers))) as urls:
        return await asyncio.wait_for(
            replay(parse_trace(content), urls, readers, merge), timeout=30
        )


@settings(max_examples=40)
@given(st.integers(1, 2), st.integers(1, 60), st.integers(0, 10_000), st.integers(1, 20))
def test_with_two_authors_every_edit_is_made_on_the_exact_text(
    agents: int, edits: int, seed: int, merge: int
) -> None:
    content = made_up(agents, edits, seed)
    report = asyncio.run(replayed(content, merge=merge))
    assert report.exact == len(content["txns"])


@settings(max_examples=40)
@given(st.integers(3, 5), st.integers(1, 60), st.integers(0, 10_000), st.integers(1, 20))
def test_with_more_authors_edits_are_rebased_where_the_order_differs(
    agents: int, edits: int, seed: int, merge: int
) -> None:
    report = asyncio.run(replayed(made_up(agents, edits, seed), servers=3, merge=merge))
    assert report.exact > 0


async def test_edits_that_cancel_each_other_out_make_no_revision_and_hold_up_nobody() -> None:
    """The server never announces what the second author waits for."""
    txns = [
        {"agent": 0, "parents": [], "patches": [[0, 0, "ab"]]},
        {"agent": 0, "parents": [0], "patches": [[1, 0, "x"], [1, 1, ""]]},
        {"agent": 1, "parents": [1], "patches": [[0, 0, "1"]]},
        {"agent": 0, "parents": [1], "patches": [[2, 0, "y"], [2, 1, ""]]},
        {"agent": 1, "parents": [2, 3], "patches": [[0, 0, "2"]]},
        {"agent": 1, "parents": [4], "patches": [[0, 1, "2"]]},  # removed and typed again
        {"agent": 0, "parents": [5], "patches": [[4, 0, "z"]]},
    ]
    content = {"numAgents": 2, "endContent": "21abz", "txns": txns}
    for merge in (1, 20):
        report = await replayed(content, merge=merge)
        assert report.exact == len(txns)
        assert report.revisions <= 5


@pytest.mark.parametrize(("merge", "at_least", "at_most"), [(1, 100, 100), (10, 10, 10)])
async def test_no_more_is_merged_than_allowed(merge: int, at_least: int, at_most: int) -> None:
    txns = [
        {"agent": 0, "parents": [n - 1] if n else [], "patches": [[n, 0, "x"]]} for n in range(100)
    ]
    content = {"numAgents": 1, "endContent": "x" * 100, "txns": txns}
    report = await replayed(content, merge=merge)
    assert at_least <= report.revisions <= at_most


async def test_another_end_is_found_and_shown() -> None:
    content = made_up(2, 20, seed=3)
    content["endContent"] = content["endContent"][:-1] + "?"
    with pytest.raises(ReplayFailed, match=r"author 0 differs at \d+: has .* endContent '\?"):
        await replayed(content)


async def test_a_stranger_on_the_pad_is_named() -> None:
    model = ModelServer("\n")
    content = made_up(2, 400, seed=1)
    async with serving(PadServer(model)) as (url,), connect(url) as stranger:
        replaying = asyncio.create_task(replay(parse_trace(content), [url], 1, 1))
        await stranger.until(lambda: stranger.rev >= 5)
        await stranger.append("!")
        with pytest.raises(ReplayFailed, match=f"somebody else \\({stranger.author_id}\\)"):
            await replaying


async def test_a_pad_that_was_written_to_is_left_alone() -> None:
    model = ModelServer("precious\n")
    async with serving(PadServer(model)) as (url,):
        async with connect(url) as owner:
            await owner.append(" words")
        with pytest.raises(ReplayFailed, match="written to already"):
            await replay(parse_trace(made_up(1, 1, 0)), [url], 1, 1)
    assert model.atext.text == "precious words\n"


async def test_a_standstill_is_noticed_and_says_who_waits_for_what(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(command, "STALLED", 0.2)
    monkeypatch.setattr(command, "PROGRESS_INTERVAL", 0.05)
    content = made_up(2, 30, seed=5)
    server, second = PadServer(ModelServer("\n")), None
    second = PadServer(server.model, hold=asyncio.Event())
    async with serving(server, second) as urls:
        with pytest.raises(ReplayFailed) as caught:
            await replay(parse_trace(content), urls, 2, 1)
    assert "author 1 waits for what its transaction 1 was made on" in str(caught.value)
    assert "readers are at revisions 0 to " in str(caught.value)
