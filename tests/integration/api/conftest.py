"""Starts a fleet with the HTTP API, which all the tests of this folder share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.fleet import Fleet, fleet_of_its_own
from tests.integration.api.caller import KEY, Caller


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("api")
    settings = {
        "PADFLEET_PARTITIONS": "4",
        "PADFLEET_SNAPSHOT_EVERY": "5",
        "PADFLEET_API_KEY": KEY,
        "PADFLEET_IMPORT_MAX_BYTES": "2000000",
        "PADFLEET_IMPORTS_PER_MINUTE": "1000",
        "PADFLEET_IMPORTS_PER_MINUTE_PER_ADDRESS": "1000",
    }
    with fleet_of_its_own(folder, settings, writers=1, workers=2) as running:
        yield running


@pytest.fixture
async def api(fleet: Fleet) -> AsyncIterator[Caller]:
    async with Caller(fleet.urls[0]) as caller:
        yield caller
