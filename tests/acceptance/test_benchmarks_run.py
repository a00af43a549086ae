"""The benchmarks run, and count what really happened. How fast it was is not asserted anywhere, so
they run in this process, and their fleets are copies of a warm one: half of what they took was the
start of Python. Three are part of `make test`: they have what the others have in common, which are
the clients in C, the fleets of the rig, and the figures.
"""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.native import NoCompiler, compiler

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _as_many_files_as_before() -> Iterator[None]:
    """Benchmarks raise the limit of the process that they run in."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def short(benchmark: str, out: Path, *more: str) -> dict[str, Any]:
    """Runs the short form of a benchmark once, and returns its values."""
    try:
        compiler()
    except NoCompiler as error:
        pytest.skip(f"{error}: the clients that the benchmarks count with are written in C")
    options = ["--short", "--repeat", "1", "--out", str(out), *more]
    import_module(f"tests.benchmarks.{benchmark}").main(options)
    values: dict[str, Any] = json.loads(out.read_text())
    return values


def test_deliveries_reach_every_socket_in_batches_of_the_size_asked_for(tmp_path: Path) -> None:
    values = short("deliveries", tmp_path / "deliveries.json")
    sizes = dict.fromkeys(("50 sockets", "200 sockets"), 1)
    sizes |= {f"50 sockets, batches of {size}": size for size in (1, 5, 20)}
    samples = {sample["case"]: sample for sample in values["samples"]}
    for side in ("padfleet", "C epoll server"):
        for case, batch in sizes.items():
            sample = samples[f"{side}, {case}"]
            delivered = sample["rounds"] * sample["sockets"]
            assert sample["messages"] == delivered
            assert sample["revisions"] == delivered * batch
    cases = {figure["case"] for figure in values["figures"]}
    assert {f"padfleet against C epoll server, {case}" for case in sizes} <= cases
    assert all(value > 0 for figure in values["figures"] for value in figure["values"])


@pytest.mark.thorough
def test_memory_is_told_for_sockets_with_and_without_a_pad(tmp_path: Path) -> None:
    values = short("memory", tmp_path / "memory.json")
    cases = {sample["case"]: sample for sample in values["samples"]}
    for case in ("padfleet, connected", "padfleet, joined, pads of 100"):
        assert cases[case]["sockets"] == 300
        assert cases[case]["before"] < cases[case]["after"]


@pytest.mark.thorough
def test_a_crowd_is_told_of_itself_and_so_is_who_comes_last(tmp_path: Path) -> None:
    values = short("crowd", tmp_path / "crowd.json", "--only", "ours")
    bytes_of = {f["case"]: f["values"][0] for f in values["figures"] if f["unit"] == "bytes"}
    who = "ours clients, 60 people: padfleet"
    come = next(s for s in values["samples"] if s["case"] == f"they come, {who}")
    assert come["live"] == come["sockets"] == 57
    # Twelve bytes of each person are random, and hardly more than twice as many are sent.
    told = bytes_of[f"one more, full pad, {who}"] - bytes_of[f"one more, small pad, {who}"]
    assert 57 * 12 < told < 57 * 45


@pytest.mark.thorough
def test_what_is_deflated_weighs_less_on_the_same_load(tmp_path: Path) -> None:
    values = short("wire", tmp_path / "wire.json")
    bytes_of = {
        figure["case"]: figure["values"][0]
        for figure in values["figures"]
        if figure["unit"].startswith("bytes")
    }
    on = {case: found for case, found in bytes_of.items() if case.endswith("compression on")}
    assert len(on) == 6
    for case, found in on.items():
        assert 2 * found < bytes_of[case.removesuffix("on") + "off"], case


@pytest.mark.parametrize(
    "benchmark",
    [
        "commits",
        "scaling",
        *(
            pytest.param(name, marks=pytest.mark.thorough)
            for name in ("cold", "connects", "costs", "latency", "stall")
        ),
    ],
)
def test_each_benchmark_runs_and_finds_something(benchmark: str, tmp_path: Path) -> None:
    values = short(benchmark, tmp_path / f"{benchmark}.json")
    assert values["figures"]
    assert all(figure["values"] for figure in values["figures"])
