"""Tests compose.production.yaml without an engine: its programs run with the commands and the
environments that it gives them, and with other ports."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from padfleet.services.tools.up.binary import find_server
from tests.deploy.test_balancer import Asked, haproxy
from tests.eventually import eventually_sync
from tests.fleet import HOST, PADFLEET
from tests.nginx import Certificate
from tests.processes import free_ports

ROOT = Path(__file__).parents[2]

PASSWORD = "0123456789abcdef0123456789abcdef"

GIVEN = {
    "PADFLEET_HOSTS": "localhost",
    "REDIS_PASSWORD": PASSWORD,
    "TLS_DIRECTORY": "/etc/padfleet/tls",
    "PADFLEET_FLEET_TOKEN": "0123456789abcdef",
}
"""What `.env` says."""

_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def services(given: Mapping[str, str], name: str = "compose.production.yaml") -> dict[str, Any]:
    """Returns the services of a file, with its variables replaced as Docker does it."""

    def value(found: re.Match[str]) -> str:
        if given.get(found[1]):
            return given[found[1]]
        if found[2] != "-":
            raise KeyError(found[1])
        return found[3]

    text = (ROOT / name).read_text()
    without_comments = re.sub(r"(?m)^ *#.*$", "", text)
    read: dict[str, Any] = yaml.safe_load(_VARIABLE.sub(value, without_comments))["services"]
    return read


def environment(service: Mapping[str, Any]) -> dict[str, str]:
    """Returns the environment of a service. A variable without a value is passed on, if there is
    one."""
    declared = service.get("environment", {})
    found = {name: GIVEN.get(name) if value is None else value for name, value in declared.items()}
    return {name: value for name, value in found.items() if value is not None}


@pytest.mark.parametrize("lacking", ["PADFLEET_HOSTS", "REDIS_PASSWORD", "TLS_DIRECTORY"])
def test_what_must_be_said_has_no_default(lacking: str) -> None:
    with pytest.raises(KeyError, match=lacking):
        services({name: value for name, value in GIVEN.items() if name != lacking})


def test_it_differs_from_the_other_file_only_where_it_has_to() -> None:
    mine, other = services(GIVEN), services({}, "compose.yaml")
    for name in ("redis", "balancer"):
        assert mine[name]["image"] == other[name]["image"]
        assert mine[name]["restart"] == other[name]["restart"]
    without_password = [
        word for word in mine["redis"]["command"] if word not in ("--requirepass", PASSWORD)
    ]
    assert without_password == [
        word for word in other["redis"]["command"] if word not in ("--protected-mode", "no")
    ]
    for name in ("node", "backup"):
        for hardening in ("image", "build", "read_only", "tmpfs", "cap_drop", "security_opt"):
            assert mine[name][hardening] == other["writer"][hardening], hardening
    for name in ("stop_grace_period", "healthcheck"):
        assert mine["node"][name] == other["fanout"][name]
    ours, theirs = environment(mine["node"]), other["fanout"]["environment"]
    for name in theirs:
        assert name in ours
        assert ours[name] == theirs[name] or name in ("PADFLEET_HOSTS", "PADFLEET_REDIS_URL")


@dataclass(frozen=True)
class Standing:
    """What runs as the file says, and where."""

    url: str
    plain: str
    redis_port: int
    chain: Path
    folder: Path

    def translated(self, service: Mapping[str, Any]) -> dict[str, str]:
        url = f"@{HOST}:{self.redis_port}/"
        return {
            name: value.replace("@redis:6379/", url) for name, value in environment(service).items()
        }


@contextmanager
def running(command: list[str], environ: Mapping[str, str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield
    finally:
        process.terminate()
        assert process.wait(30) in (0, -15, 143), log.read_text()


@pytest.fixture
def standing(tmp_path: Path, certificate: Certificate) -> Iterator[Standing]:
    if shutil.which("haproxy") is None:
        pytest.skip("there is no haproxy (Debian: apt-get install haproxy)")
    named = services(GIVEN)
    redis, clients, operators, secure, plain = free_ports(5)
    made = Standing(
        f"https://localhost:{secure}",
        f"http://localhost:{plain}",
        redis,
        certificate.chain,
        tmp_path,
    )
    (tmp_path / "data").mkdir()
    (tmp_path / "tls").mkdir()
    asked = Asked(secure, [clients], certificate=certificate, plain_port=plain)
    balancer, where = haproxy(tmp_path, asked)
    (tmp_path / "tls.pem").rename(tmp_path / "tls" / "pads.pem")
    told = environment(named["balancer"]) | {"STATS": where["STATS"]}
    assert told["TLS_CERTIFICATE"] == "/etc/padfleet/tls"
    told["TLS_CERTIFICATE"] = str(tmp_path / "tls")
    program, *options = named["redis"]["command"]
    assert program == "valkey-server"
    stored = ["--port", str(redis), "--bind", HOST, "--dir", str(tmp_path / "data")]
    node = [*PADFLEET, *named["node"]["command"]]
    node += ["--port", str(clients), "--ops-port", str(operators)]
    trusted = {"PADFLEET_TRUSTED_PROXIES": f"{HOST}/32"}
    with (
        running([str(find_server().path), *options, *stored], {}, tmp_path / "redis.log"),
        running(node, made.translated(named["node"]) | trusted, tmp_path / "node.log"),
        running(balancer, where | told, tmp_path / "haproxy.log"),
    ):

        def serves() -> bool:
            return curl(made, f"{made.url}/p/hello").startswith("HTTP/2 200")

        eventually_sync(serves, "the page is served", timeout=60)
        yield made


def curl(standing: Standing, *words: str) -> str:
    done = subprocess.run(
        ["curl", "--silent", "--max-time", "10", "--cacert", standing.chain, "-D", "-", *words],
        capture_output=True,
        text=True,
    )
    return done.stdout


def padfleet(*words: str, environ: Mapping[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "padfleet", *words],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_people_write_over_tls_and_a_backup_has_it(standing: Standing) -> None:
    url = f"{standing.url}/p/hello"
    padfleet("pad", "append", url, "hello", environ={"SSL_CERT_FILE": str(standing.chain)})
    redirect = curl(standing, f"{standing.plain}/p/hello").lower()
    assert redirect.startswith("http/1.1 308")
    assert "location: https://localhost" in redirect
    assert curl(standing, f"{standing.url}/fleet").startswith("HTTP/2 404")
    backup = services(GIVEN)["backup"]
    (script,) = backup["command"]
    kept = standing.folder / "backups"
    kept.mkdir()
    environ = standing.translated(backup)
    for command in script.split(" && "):
        words = command.replace("/backups/", f"{kept}/").split()
        assert words.pop(0) == "padfleet"
        padfleet(*words, environ=environ)
    assert any(kept.iterdir())


def test_nobody_without_the_password_gets_at_what_is_stored(standing: Standing) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "padfleet", "top", "--once"],
        env={**os.environ, "PADFLEET_REDIS_URL": f"redis://{HOST}:{standing.redis_port}/0"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "Authentication required" in done.stderr
