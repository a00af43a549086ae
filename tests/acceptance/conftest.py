from __future__ import annotations

from collections.abc import Iterator

import pytest

from padfleet.services.tools.up.server import EmbeddedServer
from tests.fleet import Fleet


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """One writer and two workers, shared by all tests that leave them whole; each test uses pads of
    its own.

    The fleet has a server of its own, since other tests flush theirs.
    """
    folder = tmp_path_factory.mktemp("fleet")
    with (
        EmbeddedServer(folder / "redis", extra_args=("--appendfsync", "no")) as server,
        Fleet(server.url, folder) as running,
    ):
        yield running.start()
