"""Tests what is included when `clients/etherpad-plugin` is installed into an Etherpad."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "clients/etherpad-plugin"


def test_it_is_ours_and_needs_nothing_of_others() -> None:
    package = json.loads((PLUGIN / "package.json").read_text())
    assert package["license"] == "Apache-2.0"
    assert (PLUGIN / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert not {"dependencies", "peerDependencies", "optionalDependencies"} & package.keys()


def test_its_package_has_what_it_runs_with_and_no_tests() -> None:
    if shutil.which("npm") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("there is no npm")
    done = subprocess.run(
        ["npm", "pack", "--dry-run", "--json"],
        cwd=PLUGIN,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    (packed,) = json.loads(done.stdout)
    assert packed["name"] == "ep_padfleet"
    code = {
        str(path.relative_to(PLUGIN))
        for pattern in ("*.js", "static/js/*.js", "locales/*.json")
        for path in PLUGIN.glob(pattern)
    }
    others = {"package.json", "ep.json", "README.md", "LICENSE"}
    assert {file["path"] for file in packed["files"]} == code | others
