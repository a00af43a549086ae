"""Fixtures of the tests of what is in deploy/."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.deploy.helm import Helm
from tests.nginx import Certificate


@pytest.fixture(scope="session")
def helm() -> Iterator[Helm]:
    with Helm() as running:
        yield running


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    folder = tmp_path_factory.mktemp("certificate")
    made = Certificate(folder / "chain.pem", folder / "key.pem")
    words = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    subprocess.run(
        ["openssl", *words, "-keyout", str(made.key), "-out", str(made.chain)],
        check=True,
        capture_output=True,
    )
    return made
