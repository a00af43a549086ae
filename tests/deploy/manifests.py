"""Objects of Kubernetes, as Kustomize makes them, and looks at them that all tests share."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

KUBERNETES = Path(__file__).parents[2] / "deploy" / "kubernetes"
Object = dict[str, Any]


@cache
def rendered(overlay: str) -> list[Object]:
    return rendered_from(KUBERNETES / "overlays" / overlay)


def rendered_from(folder: Path) -> list[Object]:
    if shutil.which("kubectl") is None:
        pytest.skip("there is no kubectl")
    done = subprocess.run(
        ["kubectl", "kustomize", "--load-restrictor=LoadRestrictionsNone", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.load_all(done.stdout, yaml.CSafeLoader))


def of_kind(objects: list[Object], kind: str) -> Iterator[Object]:
    return (found for found in objects if found["kind"] == kind)


def containers(found: Object) -> list[Object]:
    return list(found["spec"]["template"]["spec"]["containers"])


WORKLOADS = ("Deployment", "StatefulSet", "Job")


def only(objects: list[Object], kind: str, begins: str = "") -> Object:
    (found,) = [o for o in of_kind(objects, kind) if o["metadata"]["name"].startswith(begins)]
    return found


def goes_in(ingress: Object, path: str) -> bool:
    """Returns whether a path goes in, as ingress-nginx reads the rule."""
    (rule,) = ingress["spec"]["rules"]
    for entry in rule["http"]["paths"]:
        wanted = entry["path"]
        match entry["pathType"]:
            case "Exact":
                found = path == wanted
            case "Prefix":
                found = path == wanted.rstrip("/") or path.startswith(wanted.rstrip("/") + "/")
            case _:
                found = re.match(wanted, path) is not None
        if found:
            return True
    return False


TEXTS = (
    "/socket.io/",
    "/p/minutes/export/txt",
    "/p/minutes/12/export/etherpad",
    "/p/minutes/import",
    "/api",
    "/api/1.3.0/getText",
    "/api/openapi.json",
    "/api/1.2.15/openapi.json",
    "/rest/1.3.0/pad/getText",
    "/rest/openapi.json",
    "/api-docs",
    "/api-docs.json",
)
PAGES = ("/", "/p/minutes", "/assets/pad-ABCD.js", "/robots.txt")
NOT_FOR_CLIENTS = ("/metrics", "/stats/prometheus", "/fleet", "/fleet/data", "/health/ready")
