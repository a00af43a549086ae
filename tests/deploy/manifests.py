"""Objects of Kubernetes, as Kustomize makes them, and looks at them that all tests share."""

from __future__ import annotations

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
