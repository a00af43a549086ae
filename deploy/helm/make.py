"""This module writes the files that are made from the chart's values: `python -m deploy.helm.make`,
or `make reference`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

from deploy.helm.nodes import Schema, comments, leaves
from deploy.helm.values import FANOUT, GIVEN, ON_OFF, SECRET, VALUES, WRITER

CHART: Final = Path(__file__).parent / "padfleet"

MADE: Final = "Made by `make reference` from deploy/helm/values.py."

_TABLE: Final = re.compile(r"(?<=<!-- values -->\n).*?(?=<!-- end of values -->)", re.DOTALL)


def schema() -> str:
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "padfleet"}
    return json.dumps({**head, **VALUES}, indent=2, ensure_ascii=False) + "\n"


def values() -> str:
    return "\n".join([f"# {MADE}", "", *comments(VALUES)]).rstrip() + "\n"


def known_settings() -> str:
    """Returns what templates have to know about settings, which they cannot ask the schema."""
    known = {
        "fanout": sorted(FANOUT),
        "writer": sorted(WRITER),
        "given": GIVEN,
        "secret": SECRET,
        "onOff": ON_OFF,
    }
    return json.dumps(known, indent=2) + "\n"


def readme() -> str:
    """Returns the page with the table of values written anew."""
    rows = ["| value | default | |", "|---|---|---|"]
    rows += [_row(path, node) for path, node in leaves(VALUES)]
    return _TABLE.sub(lambda _: "\n".join(rows) + "\n", (CHART / "README.md").read_text())


def _row(path: str, node: Schema) -> str:
    shown = json.dumps(node["default"], ensure_ascii=False)
    if "enum" in node:
        shown = " or ".join(f"`{word}`" for word in node["enum"])
    elif shown in ('""', "[]", "{}"):
        shown = ""
    else:
        shown = f"`{shown}`"
    return f"| `{path}` | {shown} | {node['description'].replace('|', chr(92) + '|')} |"


FILES: Final = {
    "values.schema.json": schema,
    "values.yaml": values,
    "files/settings.json": known_settings,
    "README.md": readme,
}

if __name__ == "__main__":
    for name, made in FILES.items():
        (CHART / name).write_text(made())
