"""One writer for all tests of this folder that bring workers of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from services.up.server import EmbeddedServer
from tests.fleet import Fleet, Member

StartWorker = Callable[..., Member]


@pytest.fixture(scope="module")
def shared_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("access")
    settings = {"PADFLEET_PARTITIONS": "4", "PADFLEET_LOG_LEVEL": "debug"}
    with (
        EmbeddedServer(folder / "redis", extra_args=("--appendfsync", "no")) as server,
        Fleet(server.url, folder, settings) as running,
    ):
        yield running.start(writers=1, workers=0)


@pytest.fixture(scope="module")
def start_worker(shared_fleet: Fleet) -> StartWorker:
    """Starts a worker with these settings besides those of the fleet."""

    def start(**settings: str) -> Member:
        usual = shared_fleet.settings
        shared_fleet.settings = usual | settings
        try:
            return shared_fleet.start(writers=0, workers=1).workers[-1]
        finally:
            shared_fleet.settings = usual

    return start
