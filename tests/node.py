"""Checks for Node.js, and for the packages that a folder of programs for it needs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest


def why_not(folder: Path) -> str | None:
    """Returns why nothing in `folder` can be run here, or None if it can."""
    if shutil.which("node") is None:
        return "there is no node"
    if not (folder / "node_modules").is_dir():
        return "the packages from npm are not installed (make setup)"
    return None


def require(folder: Path) -> None:
    """Skips the test if nothing in `folder` can be run. In CI, it fails instead."""
    lacking = why_not(folder)
    if lacking is not None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(lacking)
