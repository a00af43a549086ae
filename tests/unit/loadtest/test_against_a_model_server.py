"""Tests the whole rig against a small server that can be made to break its promises, which the rig
has to report."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.tools import Ended, ran
from tests.unit.client.model_server import Message, ModelServer, Visitor
from tests.unit.client.pad_server import PadServer, serving

FAULTY_REV = 20


class Model(ModelServer):
    """Says when it took a revision, as Etherpad does, and does `fault` to the revision FAULTY_REV
    on its way to one visitor."""

    fault: str | None = None
    victim = 0  #: which of the visitors, in the order in which they came

    def submit(self, visitor: Visitor, data: Message) -> None:
        super().submit(visitor, data)
        if self.rev == FAULTY_REV:
            victim = self._visitors[self.victim]
            if victim is visitor:
                victim = self._visitors[self.victim + 1]
            self._do(victim)

    def _do(self, victim: Visitor) -> None:
        outbox = victim.outbox
        match self.fault:
            case "missing":
                outbox.pop()
            case "repeated":
                outbox.append(outbox[-1])
            case "length":
                outbox[-1] = outbox[-1] | {"changeset": "Z:1>1+1$x"}
            case "letter":
                changeset = outbox[-1]["changeset"]
                outbox[-1] = outbox[-1] | {"changeset": changeset[:-1] + "?"}
            case "unasked":
                outbox.append({"type": "ACCEPT_COMMIT", "newRev": self.rev})

    def _change(self, rev: int) -> Message:
        now = int(time.time() * 1000)
        return super()._change(rev) | {"currentTime": now, "timeDelta": 0}


async def measured(server: PadServer, *arguments: str) -> Ended:
    words = ["--pad", "test", "--authors", "4", "--readers", "2", "--rate", "10"]
    words += ["--duration", "1500ms", "--warmup", "0s", *arguments]
    async with serving(server):
        return await asyncio.to_thread(ran, "loadtest", "--url", server.url, *words)


async def test_a_good_server_passes(tmp_path: Path) -> None:
    done = await measured(PadServer(Model()), "--verify", "2", "--out", str(tmp_path))
    assert done.code == 0, done.err
    assert "texts of 2 full clients" in done.out
    assert "written: " in done.err


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("missing", "broken promise: revision missing, 1 times"),
        ("repeated", "broken promise: revision repeated, 1 times"),
        ("length", "broken promise: revision on another length, "),
        ("unasked", "broken promise: ACCEPT_COMMIT of nothing, 1 times"),
    ],
)
async def test_a_broken_promise_is_reported(fault: str, told: str) -> None:
    model = Model()
    # The last ones in are the readers; those who looked whether there is a server have left.
    model.fault, model.victim = fault, -2
    done = await measured(PadServer(model), "--no-batch")
    assert done.code == 1
    assert told in done.err
    assert "Agreement" not in done.out


async def test_a_text_that_is_another_one() -> None:
    """The texts have the same length: only the clients that apply everything can tell. They come
    first."""
    model = Model()
    model.fault = "letter"
    done = await measured(PadServer(model), "--verify", "2")
    assert done.code == 1
    assert "not the same in the end: test: two full clients differ" in done.err


async def test_a_server_that_turns_clients_away() -> None:
    done = await measured(PadServer(Model(), answer={"disconnect": "userdup"}))
    assert done.code == 1
    assert "cannot join a pad at http://127.0.0.1:" in done.err
    assert done.err.rstrip().endswith(": userdup")


async def test_clients_that_are_lost_on_the_way() -> None:
    """The report says so, but calls it no broken promise: a server may close a connection."""
    done = await measured(PadServer(Model(), swallow=2))
    assert done.code == 0, done.err
    assert "2 × connection lost" in done.out or "2 × closed with code" in done.out
