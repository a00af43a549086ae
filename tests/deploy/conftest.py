"""Fixtures of the tests of what is in deploy/."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.deploy.helm import Helm


@pytest.fixture(scope="session")
def helm() -> Iterator[Helm]:
    with Helm() as running:
        yield running
