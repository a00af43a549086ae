"""Tests the parts of `padfleet up` that need no fleet."""

from __future__ import annotations

import asyncio
import re
import socket
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from padfleet.services.tools.up import __main__ as up
from padfleet.services.tools.up import ports
from padfleet.services.tools.up.binary import NoServerBinary, inspect
from padfleet.services.tools.up.child import Child, ChildGaveUp, ChildSpec
from padfleet.services.tools.up.readiness import NotReady, reasons, wait_until_ready
from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.health import Health, add_ops_routes
from padfleet.shared.settings import UpSettings


def program(path: Path, prints: str) -> Path:
    path.write_text(f"#!/bin/sh\necho '{prints}'\n")
    path.chmod(0o755)
    return path


def test_the_version_of_a_server_program_is_read(tmp_path: Path) -> None:
    found = inspect(program(tmp_path / "r", "Redis server v=7.0.15 sha=0:0 malloc=jemalloc"))
    assert (found.flavour, found.version) == ("redis", (7, 0, 15))
    assert inspect(program(tmp_path / "v", "Valkey server v=9.1.2 sha=0")).flavour == "valkey"


def test_an_unsuitable_server_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoServerBinary, match=r"version 6\.2\.1; 7\.0 or newer"):
        inspect(program(tmp_path / "old", "Redis server v=6.2.1 sha=0"))
    with pytest.raises(NoServerBinary, match="did not say its version"):
        inspect(program(tmp_path / "odd", "hello"))
    with pytest.raises(NoServerBinary, match="does not run"):
        inspect(tmp_path / "absent")


def test_a_taken_port_is_found_before_anything_starts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert ports.problems("127.0.0.1", [port]) == [
            f"port {port} on 127.0.0.1: address already in use"
        ]
    assert ports.problems("127.0.0.1", [port]) == []


def test_an_address_of_another_machine_is_found_too() -> None:
    assert ports.problems("192.0.2.1", [9001, 9002]) == [
        "'192.0.2.1' is not an address of this machine"
    ]


@pytest.mark.parametrize(
    ("host", "address"),
    [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]"), ("pads.lan", "pads.lan")],
)
def test_what_listens_everywhere_is_reached_here(host: str, address: str) -> None:
    assert ports.reachable(host) == address


def test_the_reason_of_a_health_answer_is_found() -> None:
    body = {"checks": {"redis": {"ok": True, "why": ""}, "canary": {"ok": False, "why": "late"}}}
    assert reasons(body, 503) == "canary: late"
    assert reasons("<html>", 502) == "HTTP 502"


def test_children_get_the_password_by_environment_only() -> None:
    settings = UpSettings(workers=2, writers=2, partitions=7)
    specs = up.children(settings, "redis://:hunter2@h")
    assert all("hunter2" not in " ".join(spec.argv) for spec in specs)
    assert specs[0].environ["PADFLEET_REDIS_URL"] == "redis://:hunter2@h"
    assert specs[0].environ["PADFLEET_PARTITIONS"] == "7"
    assert "hunter2" not in up.overview(settings, "redis://:hunter2@h", None)


def processes(**settings: Any) -> list[tuple[str, str]]:
    """Returns the name and the command of each process."""
    return [
        (spec.name, " ".join(spec.argv))
        for spec in up.children(UpSettings(**settings), "redis://h")
    ]


def test_the_first_worker_and_the_first_writer_are_one_process() -> None:
    assert processes() == [
        ("node-1", "node --port 9001 --ops-port 9201"),
        ("worker-2", "fanout --port 9002 --ops-port 9202"),
    ]
    assert processes(writers=2, workers=1, writer_port=9500) == [
        ("writer-2", "writer --port 9500"),
        ("node-1", "node --port 9001 --ops-port 9201"),
    ]
    for spec in up.children(UpSettings(), "redis://h"):
        assert f":{spec.argv[2]}" in spec.url


def test_they_are_two_processes_if_so_wished() -> None:
    assert processes(node="off") == [
        ("writer-1", "writer --port 9101"),
        ("worker-1", "fanout --port 9001 --ops-port 9201"),
        ("worker-2", "fanout --port 9002 --ops-port 9202"),
    ]


def test_people_are_told_which_process_is_both() -> None:
    shown = up.overview(UpSettings(), "redis://h", None)
    assert re.search(r"node-1 .*:9001 .*a worker and a writer", shown)
    assert "port 9201, 9202\n" in shown
    apart = up.overview(UpSettings(node="off"), "redis://h", None)
    assert "node" not in apart
    assert "port 9201, 9202, 9101\n" in apart


def test_pads_that_nobody_is_on_lie_beside_what_the_embedded_server_keeps(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / "da ta")
    usual = (tmp_path / "da ta" / "cold").as_uri()
    assert up.cold_url(UpSettings(), server) == usual
    assert up.cold_url(UpSettings(cold_url=" "), server) == usual
    assert up.cold_url(UpSettings(cold_url="none"), server) == "none"
    assert up.cold_url(UpSettings(cold_url="s3://bucket"), server) == "s3://bucket"
    assert up.cold_url(UpSettings(), None) == "", "a Redis that others may use has no directory"
    for spec in up.children(UpSettings(), "redis://h", usual):
        assert spec.environ["PADFLEET_COLD_URL"] == usual
        assert usual not in " ".join(spec.argv)
    shown = up.overview(UpSettings(cold_url="mysql://u:hunter2@h/pads"), "redis://h", None)
    assert "mysql://u:***@h/pads" in shown


def test_all_ports_follow_from_the_first_one() -> None:
    """A second fleet on the machine needs one option, and no two."""
    settings = UpSettings(port=9301)
    assert settings.ops_ports[0] == 9501
    apart = UpSettings(port=9301, node="off")
    assert (apart.writer_ports[0], apart.ops_ports[0]) == (9401, 9501)
    assert UpSettings(port=65500, node="off").writer_ports[0] == 65400


@pytest.mark.parametrize(
    ("program", "on_path", "shown"),
    [
        ("bin/padfleet", True, "padfleet"),
        ("bin/padfleet", False, "bin/padfleet"),
        ("/elsewhere/my bin/padfleet", False, "'/elsewhere/my bin/padfleet'"),
        ("/lib/padfleet/__main__.py", True, "padfleet"),
        ("/lib/padfleet/__main__.py", False, f"{sys.executable} -m padfleet"),
    ],
)
def test_what_it_says_to_try_can_be_called_so(
    program: str, on_path: bool, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/padfleet").touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin") if on_path else str(tmp_path))
    assert up.command(program) == shown


def child(argv: list[str], output: list[str], events: list[str]) -> Child:
    spec = ChildSpec("it", argv, {"PADFLEET_REDIS_URL": "", "REDIS_URL": ""}, "http://unused")
    return Child(spec, lambda _, line: output.append(line), lambda _, line: events.append(line))


async def test_a_process_with_wrong_settings_is_not_started_again() -> None:
    output: list[str] = []
    with pytest.raises(ChildGaveUp) as caught:
        await child(["doctor", "--prot=1"], output, []).keep_running()
    assert "it died at once (exit code 2)" in str(caught.value)
    assert "--prot: no such flag" in str(caught.value)
    assert any("--prot: no such flag" in line for line in output)


async def test_a_process_that_always_dies_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("padfleet.services.tools.up.child._FIRST_PAUSE_S", 0.01)
    events: list[str] = []
    with pytest.raises(ChildGaveUp, match=r"5 times in a row \(exit code 0\)"):
        await child(["--version"], [], events).keep_running()
    assert len(events) == 4
    assert "starting it again in 0.01 s" in events[0]
    assert "starting it again in 0.08 s" in events[3]


async def test_stopping_ends_the_pause_before_a_restart_without_a_new_start() -> None:
    events: list[str] = []
    it = child(["--version"], [], events)
    keeper = asyncio.create_task(it.keep_running())
    while not events:
        await asyncio.wait([keeper], timeout=0.01)
    it.stop()
    await asyncio.wait_for(keeper, 10)
    assert len(events) == 1


async def test_waiting_says_what_for_and_gives_up_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("padfleet.services.tools.up.readiness._PATIENCE_S", 0.0)
    told: list[str] = []

    async def not_yet() -> str:
        return "no writer yet"

    health = Health()
    health.ready("canary", not_yet)
    app = web.Application()
    add_ops_routes(app, health)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        url = str(server.make_url("")).rstrip("/")
        with pytest.raises(NotReady, match=r"within 0\.3 s: canary: no writer yet"):
            await wait_until_ready(session, url, 0.3, told.append)
    assert told[0] == "canary: no writer yet"


async def test_a_ready_process_is_waited_for_no_longer() -> None:
    app = web.Application()
    add_ops_routes(app, Health())
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        await wait_until_ready(session, str(server.make_url("")).rstrip("/"), 30, print)
