"""Runs the real nginx in front of a test's processes: with the configurations of deploy/balancer,
or as a proxy that lets no WebSocket through."""

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
from tests.processes import free_ports

BALANCER = Path(__file__).parents[1] / "deploy" / "balancer"

NO_WEBSOCKETS = """
pid {folder}/nginx.pid; error_log {folder}/error.log; daemon off;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port};
    if ($http_upgrade) {{ return 403; }}
    location / {{ proxy_pass {url}; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $http_host; }}
  }}
}}
"""


@dataclass(frozen=True)
class Certificate:
    """The files of a certificate, in PEM."""

    chain: Path
    key: Path


@contextmanager
def serving(command: Sequence[str], port: int) -> Iterator[str]:
    """Runs an nginx by this command, and yields its address with this port. If no nginx is
    installed, the test is skipped; in CI it fails."""
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
    """Returns the command that runs nginx with our configuration.

    Arguments:
        port: nginx's own port.
        workers: the ports of the workers, all on 127.0.0.1.
        etherpad: the host and port of an Etherpad behind nginx.
        certificate: with it, nginx speaks TLS on `port`; without it, plain HTTP.
        plain_port: the port that redirects to TLS.
        edge: the address of a proxy in front of nginx.
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


@contextmanager
def no_websockets(url: str, folder: Path) -> Iterator[str]:
    """Runs a proxy that lets no WebSocket through to `url`, as some offices have one, and yields
    its address."""
    (port,) = free_ports(1)
    path = folder / "nginx.conf"
    path.write_text(NO_WEBSOCKETS.format(folder=folder, port=port, url=url))
    with serving(["nginx", "-p", str(folder), "-c", str(path)], port) as proxy:
        yield proxy


def _servers(workers: Sequence[int]) -> str:
    listed = "".join(
        f"    server 127.0.0.1:{worker} max_fails=2 fail_timeout=5s;\n" for worker in workers
    )
    return rf"\g<1>{listed}\g<2>"


def _put(path: Path, pattern: str, text: str) -> None:
    """Replaces the part of the file that matches the pattern, which has to match exactly once."""
    made, count = re.subn(pattern, text, path.read_text(), flags=re.S)
    assert count == 1, f"{path.name}: {pattern} is there {count} times"
    path.write_text(made)
