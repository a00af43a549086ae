"""Runs Helm in a process of its own: its library is written in Go, whose threads must not be in a
process that others are forked from."""

from __future__ import annotations

import importlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import pytest
import yaml

from tests.deploy.manifests import Object

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "padfleet"
IS_THERE = importlib.util.find_spec("helm_python") is not None


class Refused(Exception):
    """Helm's words on why it does not take values."""


class Helm:
    """A child that Helm's library is in; one request at a time."""

    def __enter__(self) -> Self:
        if not IS_THERE:
            pytest.skip("there is no Helm: its library has wheels for Linux on x86-64 only")
        pipe = subprocess.PIPE
        run = [sys.executable, "-m", "tests.deploy.helm"]
        # On its standard error it tells of each link in the chart, each time.
        self._child = subprocess.Popen(
            run,
            stdin=pipe,
            stdout=pipe,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=CHART.parents[2],
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._child.communicate()

    def _ask(self, what: str, **words: Any) -> Any:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps({"what": what, **words}) + "\n")
        self._child.stdin.flush()
        answer = json.loads(self._child.stdout.readline())
        if "refused" in answer:
            raise Refused(answer["refused"])
        return answer["done"]

    def templates(
        self, values: Object | None = None, name: str = "padfleet", namespace: str = "padfleet"
    ) -> dict[str, str]:
        """Returns what `helm template` makes of each file, including NOTES.txt. Raises `Refused` if
        the values are refused."""
        made = self._ask("render", values=values or {}, name=name, namespace=namespace)
        return {path.removeprefix("padfleet/templates/"): text for path, text in made.items()}

    def objects(
        self, values: Object | None = None, name: str = "padfleet", *, tests: bool = False
    ) -> list[Object]:
        """Returns the objects that an installation makes; with `tests`, those of `helm test` as
        well."""
        files = self.templates(values, name)
        return [
            found
            for path, text in files.items()
            if path.endswith(".yaml") and (tests or not path.startswith("tests/"))
            for found in yaml.load_all(text, yaml.CSafeLoader)
            if found
        ]

    def lint(self, values: Object | None = None) -> list[tuple[int, str]]:
        """Returns the findings of `helm lint --strict`: how serious each is (1: hint, 2: warning,
        3: error), and its text."""
        found = self._ask("lint", values=values or {})
        said = [(one["severity"], f"{one['path']}: {one['error']}") for one in found["messages"]]
        return said + [(3, error) for error in found["errors"]]

    def parsed(self, words: str) -> Object:
        """Returns the values that `--set WORDS` gives."""
        values: Object = self._ask("parse", words=words)
        return values

    def packaged(self, folder: Path) -> Path:
        return Path(self._ask("package", folder=str(folder)))


def _serve() -> None:
    """Serves requests in the child process."""
    # Not imported by its name: where it isn't installed, mypy would miss it.
    helm = importlib.import_module("helm_python")
    chart = helm.Chart.load(CHART)
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            done = _done(helm, chart, asked)
        except helm.HelmError as error:
            print(json.dumps({"refused": str(error)}), flush=True)
        else:
            print(json.dumps({"done": done}), flush=True)


def _done(helm: Any, chart: Any, asked: Object) -> Any:
    match asked["what"]:
        case "parse":
            return helm.parse_set_string(asked["words"])
        case "lint":
            return helm.lint(CHART, asked["values"], strict=True)
        case "package":
            return helm.package(CHART, destination=asked["folder"])
        case _:
            chart.validate_schema(asked["values"])
            names = {"name": asked["name"], "namespace": asked["namespace"]}
            return chart.render(asked["values"], **names)


if __name__ == "__main__":
    _serve()
