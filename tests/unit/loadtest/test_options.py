"""The command line: what is asked for, and what is refused and why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from padfleet.services.tools.loadtest.__main__ import main
from padfleet.services.tools.loadtest.coordinator import LoadRun
from padfleet.services.tools.loadtest.options import BadOptions, parser, run_of, title
from padfleet.services.tools.loadtest.plan import LoadStep
from padfleet.services.tools.loadtest.target import BadUrl, LoadTarget

HERE = ["--url", "http://127.0.0.1:9001"]


def asked(*words: str) -> LoadRun:
    return run_of(parser().parse_args([*HERE, *words]))


def test_without_options_the_usual_run_is_planned() -> None:
    run = asked()
    assert run.steps == [LoadStep(10, 0, 0.2, 10.0)]
    assert (run.warmup, run.pids, run.stop_at) == (2.0, [], None)
    assert run.load.batch
    assert run.load.pad != asked().load.pad


def test_every_option_has_its_effect_on_the_plan() -> None:
    run = asked(
        *("--url", "https://b:1/etherpad", "--pads", "4", "--pad", "p", "--no-batch"),
        *("--sweep", "authors=5..10:step=5:dwell=1s", "--stop-at", "p95=1s", "--verify", "2"),
        *("--pid", f"me={os.getpid()}", "--processes", "2", "--arrivals", "poisson"),
    )
    assert [step.authors for step in run.steps] == [5, 10]
    assert run.pids == [("me", os.getpid())]
    assert (run.load.pads, run.load.batch, run.load.arrivals) == (4, False, "poisson")
    assert title(run) == (
        "5 to 10 authors at 0.2 edits/s, 0 readers, 4 pads, "
        "on http://127.0.0.1:9001, https://b:1/etherpad"
    )


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--pads", "0"], "--pads has to be at least 1"),
        (["--authors", "-1"], "--authors has to be at least 0"),
        (["--authors", "0"], "nobody to put on the pads"),
        (["--verify", "1"], "--verify needs 2 or more"),
        (["--rate", "-1"], "--rate may not be negative"),
        (["--join-rate", "0"], "--join-rate has to be more than 0"),
        (["--duration", "0"], "--duration has to be more than 0"),
        (["--authors", "10000000"], "too many for 1 processes"),
        (["--pid", "writer"], "write a name and a process id"),
        (["--pid", "writer=999999999"], "there is no such process"),
    ],
)
def test_options_that_make_no_sense(words: list[str], why: str) -> None:
    with pytest.raises(BadOptions, match=why):
        asked(*words)


def test_a_server_has_to_be_named() -> None:
    with pytest.raises(BadOptions, match="--url is missing"):
        run_of(parser().parse_args([]))


@pytest.mark.parametrize(
    "url", ["localhost:9001", "ftp://x", "http://", "http://x:port", "http://x/p/pad", "http://x?y"]
)
def test_what_is_no_address_of_a_server(url: str) -> None:
    with pytest.raises(BadUrl):
        LoadTarget.parse(url)


def test_a_servers_address_is_taken_apart() -> None:
    target = LoadTarget.parse("https://pads.example/team/")
    assert (target.host, target.port, target.tls) == ("pads.example", 443, True)
    assert target.request("a b/ö") == (
        "/team/socket.io/?padId=a%20b%2F%C3%B6&EIO=4&transport=websocket"
    )
    assert LoadTarget.parse("http://[::1]:80").authority == "[::1]:80"


def test_errors_come_with_their_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*HERE, "--sweep", "authors=9..1"]) == 2
    assert "goes down" in capsys.readouterr().err
    assert main(["--report", str(tmp_path / "no.json")]) == 2
    assert "no.json" in capsys.readouterr().err
