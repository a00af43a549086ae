"""The real nginx with the configurations of deploy/balancer, before processes of a test."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.eventually import eventually_sync

BALANCER = Path(__file__).parents[1] / "deploy" / "balancer"


@dataclass(frozen=True)
class Certificate:
    """Files in PEM."""

    chain: Path
    key: Path


@contextmanager
def serving(command: Sequence[str], port: int) -> Iterator[str]:
    """The address of an nginx with this port, while it runs by this command. Where there is none,
    the test is left out; in CI that is a failure."""
    if shutil.which("nginx") is None:
        lacking = "there is no nginx (Debian: apt-get install nginx-light)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(lacking)
    process = subprocess.Popen(command)

    def listens() -> bool:
        assert process.poll() is None, "nginx has ended"
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    try:
        eventually_sync(listens, "nginx listens")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def nginx(
    folder: Path,
    port: int,
    workers: Sequence[int],
    etherpad: str = "",
    *,
    certificate: Certificate | None = None,
    plain_port: int = 0,
    edge: str = "",
) -> list[str]:
    """The command. `port` is nginx's own, `workers` are theirs, all on 127.0.0.1; `etherpad` is the
    host and port of an Etherpad that it is to stand before.

    Without a certificate it speaks plain HTTP on its port; with one TLS, and on `plain_port` it
    leads there. `edge`: the address of a proxy in front of it.
    """
    parts = folder / "nginx"
    shutil.copytree(BALANCER / "nginx", parts, dirs_exist_ok=True)
    _put(parts / "fleet.conf", r"(hash \$route consistent;\n).*?( *keepalive)", _servers(workers))
    if edge:
        _put(parts / "fleet.conf", r"# (10\.0\.0\.0/8) 1;", f"{edge} 1;")
    if certificate is None:
        (parts / "tls.conf").write_text(
            f"listen 127.0.0.1:{port};\nadd_header X-Content-Type-Options nosniff always;\n"
        )
        (parts / "redirect.conf").write_text("")
    else:
        tls, redirect = parts / "tls.conf", parts / "redirect.conf"
        _put(tls, r"listen \[::\]:443 ssl http2;\n", "")
        _put(tls, r"listen 443 ", f"listen 127.0.0.1:{port} ")
        _put(tls, r"/etc/ssl/padfleet/fullchain\.pem", str(certificate.chain))
        _put(tls, r"/etc/ssl/padfleet/privkey\.pem", str(certificate.key))
        _put(redirect, r"listen \[::\]:80;\n", "")
        _put(redirect, r"listen 80;", f"listen 127.0.0.1:{plain_port};")
    path = folder / "nginx.conf"
    path.write_text((BALANCER / ("nginx-etherpad.conf" if etherpad else "nginx.conf")).read_text())
    if etherpad:
        _put(path, r"server 127\.0\.0\.1:9000;", f"server {etherpad};")
    _put(path, r"error_log stderr alert;", f"error_log {folder}/nginx.log alert;")
    options = f"daemon off; pid {folder}/nginx.pid;"
    return ["nginx", "-p", str(folder), "-c", str(path), "-g", options]


def _servers(workers: Sequence[int]) -> str:
    listed = "".join(
        f"    server 127.0.0.1:{worker} max_fails=2 fail_timeout=5s;\n" for worker in workers
    )
    return rf"\g<1>{listed}\g<2>"


def _put(path: Path, pattern: str, text: str) -> None:
    """Puts a text where the file has one of that form, which has to be at one place."""
    made, count = re.subn(pattern, text, path.read_text(), flags=re.S)
    assert count == 1, f"{path.name}: {pattern} is there {count} times"
    path.write_text(made)
