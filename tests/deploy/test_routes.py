"""Tests that all balancers send the same paths to the fleet, in front of an Etherpad and alone:
nginx, HAProxy, and an Ingress as ingress-nginx reads it, with HAProxy behind it. The real programs
run in front of services that say who they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from padfleet.services.web.api import conversion
from padfleet.shared.etherpad import apart
from padfleet.shared.limited.process import BUSY
from tests.deploy.helm import Helm
from tests.deploy.manifests import Object, only
from tests.deploy.test_balancer import BALANCER, Asked, running
from tests.deploy.test_kubernetes import ingress_of
from tests.nginx import serving
from tests.processes import free_ports
from tests.service import Answer, Request, Service
from tests.spellings import told

FLEET, ETHERPAD, NOBODY = "the fleet", "the Etherpad", "nobody"

TEXTS = (
    "/socket.io/?EIO=4&transport=polling&padId=x",
    "/socket.io/?EIO=4&transport=websocket&sid=x",
    "/p/minutes/export/txt",
    "/p/minutes/12/export/html",
    "/p/minutes/export/pdf?lang=de",
    "/p/minutes/import",
    "/p/%F0%9F%98%80/export/etherpad",
    "/p/a%2Fb/export/txt",
    "/p/a%2Fb/3/export/txt",
    "/p/a%2fb%2fc/import",
    "/p/a%3Fb%23c/export/txt",
    "/p/a%20b/export/txt",
    "/p/g.0123456789abcdef$in/export/txt",
    "/p/export/export/txt",
    "/api",
    "/api/",
    "/api/1.3.0/getText?padID=a%2Fb",
    "/api/1.3.0/getText/",
    "/api/openapi.json",
    "/api/1.2.15/openapi.json",
    "/rest/1.3.0/pad/getText",
    "/rest/openapi.json",
    "/api-docs",
    "/api-docs/",
    "/api-docs.json",
)
"""What only the fleet knows: an Etherpad beside it would answer from a database that has aged."""

PAGES = (
    "/",
    "/?x=1",
    "/p/minutes",
    "/p/minutes?lang=de&userName=Ada",
    "/p/minutes/timeslider",
    "/p/%F0%9F%98%80",
    "/p/a%2Fb",
    "/p/r.0123456789abcdef0123456789abcdef",
    "/favicon.ico",
    "/robots.txt",
)

OTHERS = (
    "/p/minutes/",
    "/p/minutes/export/",
    "/p/",
    "/static/js/pad.js",
    "/locales.json",
    "/admin/",
    "/health",
    "/health/ready",
    "/metrics",
    "/stats",
    "/fleet",
    "/fleet/pads",
    "/socket.io/socket.io.js",
    "/socket.iox/",
    "/socket.io/../metrics",
    "/apis",
)
"""What an Etherpad answers, if there is one, in whatever way; a fleet alone lets nobody have it."""


def served_by(name: str) -> Service:
    def answer(request: Request) -> Answer:
        return 200, f"by {name}: {request.path}.".encode()

    return Service(answer)


@contextmanager
def balanced(program: str, folder: Path, fleet: Service, etherpad: str) -> Iterator[int]:
    (port,) = free_ports(1)
    worker = urlsplit(fleet.url).port or 0
    with running(program, folder, Asked(port, [worker], etherpad=etherpad)):
        yield port


@contextmanager
def as_ingress_nginx(ingress: Object, folder: Path, balancer: int, etherpad: str) -> Iterator[int]:
    """Runs an nginx with the locations that ingress-nginx makes of the rule, and with those of
    Etherpad's own Ingress for the same host."""
    folder.mkdir()
    (port,) = free_ports(1)
    path = folder / "ingress.conf"
    temporary = " ".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path.write_text(
        f"pid {folder}/pid; error_log {folder}/error.log; daemon off; events {{}}\n"
        f"http {{ access_log off; {temporary} proxy_http_version 1.1;\n"
        f"server {{ listen 127.0.0.1:{port};\n"
        + "".join(f"location {one}\n" for one in locations(ingress, balancer, etherpad))
        + "}}\n"
    )
    with serving(["nginx", "-p", str(folder), "-c", str(path)], port):
        yield port


def locations(ingress: Object, balancer: int, etherpad: str) -> Iterator[str]:
    pass_on = f"{{ proxy_pass http://127.0.0.1:{balancer}; }}"
    (rule,) = ingress["spec"]["rules"]
    paths = rule["http"]["paths"]
    if ingress["metadata"]["annotations"].get("nginx.ingress.kubernetes.io/use-regex") == "true":
        for entry in sorted(paths, key=lambda entry: -len(entry["path"])):
            yield f'~* "^{entry["path"]}" {pass_on}'
        yield f'~* "^/" {{ proxy_pass http://{etherpad}; }}'
        return
    for entry in paths:
        path = entry["path"]
        match entry["pathType"]:
            case "Exact":
                yield f"= {path} {pass_on}"
            case "Prefix":
                bare = path.rstrip("/")
                yield f"= {bare} {pass_on}"
                yield f"{bare}/ {pass_on}"
            case _:
                yield f"{path} {pass_on}"
    if not any(entry["path"] == "/" and entry["pathType"] != "Exact" for entry in paths):
        yield "/ { return 404; }"


@contextmanager
def door(kind: str, variant: str, folder: Path) -> Iterator[int]:
    """Runs a way in, in front of services in the place of the fleet and the Etherpad."""
    with served_by(FLEET) as fleet, served_by(ETHERPAD) as beside:
        etherpad = urlsplit(beside.url).netloc
        if kind != "ingress":
            there = etherpad if variant == "etherpad" else ""
            with balanced(kind, folder / "balancer", fleet, there) as port:
                yield port
            return
        overlay = "etherpad" if variant == "etherpad" else "small"
        (folder / "rendered").mkdir()
        ingress, _ = ingress_of(overlay, folder / "rendered")
        with (
            balanced("haproxy", folder / "balancer", fleet, "") as behind,
            as_ingress_nginx(ingress, folder / "ingress", behind, etherpad) as port,
        ):
            yield port


@pytest.mark.parametrize("variant", ["alone", "etherpad"])
@pytest.mark.parametrize("kind", ["nginx", "haproxy", "ingress"])
async def test_each_path_goes_to_the_same(kind: str, variant: str, tmp_path: Path) -> None:
    """And it arrives there as it was sent."""
    alone = variant == "alone"
    wanted = {
        **dict.fromkeys(TEXTS, FLEET),
        **dict.fromkeys(PAGES, FLEET if alone else ETHERPAD),
        **dict.fromkeys(OTHERS, NOBODY if alone else ETHERPAD),
    }
    with door(kind, variant, tmp_path) as port:
        wrong = {}
        for path, by in wanted.items():
            answer = await told(port, path)
            status = answer.split(" ")[1]
            found = re.search(r"by (.*?): (.*)\.", answer)
            got = found[1] if found and status == "200" else NOBODY
            if got != by or (found and found[2] != path) or (by == NOBODY and status != "404"):
                wrong[path] = answer[-200:]
        assert wrong == {}


def test_the_charts_ingress_has_the_same_paths(tmp_path: Path) -> None:
    with Helm() as helm:
        for pages, overlay in (("padfleet", "small"), ("etherpad", "etherpad")):
            values = {"hosts": ["pad.example.org"], "ingress": {"enabled": True}, "pages": pages}
            ours = only(helm.objects(values), "Ingress")
            theirs, _ = ingress_of(overlay, tmp_path)
            assert paths_of(ours) == paths_of(theirs)


def paths_of(ingress: Object) -> list[tuple[str, str]]:
    (rule,) = ingress["spec"]["rules"]
    return [(entry["path"], entry["pathType"]) for entry in rule["http"]["paths"]]


@pytest.mark.parametrize("overlay", ["small", "production", "etherpad"])
def test_ingress_nginx_takes_the_paths(overlay: str, tmp_path: Path) -> None:
    """Since 1.12 it lets nobody have a path of the types Exact and Prefix that has another
    character in it."""
    ingress, _ = ingress_of(overlay, tmp_path)
    for path, kind in paths_of(ingress):
        assert kind == "ImplementationSpecific" or re.fullmatch(r"/[A-Za-z0-9/_-]*", path), path


def test_no_balancer_gives_up_before_the_fleet_does(tmp_path: Path) -> None:
    """A file that was read to its end was answered 504, by HAProxy after 65 s."""
    longest = BUSY * max(conversion.SECONDS, apart.LIMITS.seconds)
    for name in ("nginx.conf", "nginx-etherpad.conf"):
        (rest,) = re.findall(r"location / \{(.*?)\}", (BALANCER / name).read_text(), re.DOTALL)
        (seconds,) = re.findall(r"proxy_read_timeout (\d+)s;", rest)
        assert int(seconds) > longest, name
    haproxy = (BALANCER / "haproxy.cfg").read_text()
    (seconds,) = re.findall(r"set-timeout server (\d+)s unless \{ path /socket.io/ \}", haproxy)
    assert int(seconds) > longest
    for overlay in ("small", "etherpad"):
        ingress, _ = ingress_of(overlay, tmp_path)
        said = ingress["metadata"]["annotations"]
        assert int(said["nginx.ingress.kubernetes.io/proxy-read-timeout"]) > longest
