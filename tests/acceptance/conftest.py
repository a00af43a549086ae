from __future__ import annotations

import pytest

from tests.fleet import Fleet, fleet_of_its_own
from tests.folders import for_the_folder


@pytest.fixture(scope="module")
def fleet(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    """One writer and two workers, shared by all tests that leave them whole; each test uses pads of
    its own.

    The fleet has a server of its own, since other tests flush theirs.
    """
    return for_the_folder(request, lambda: fleet_of_its_own(tmp_path_factory.mktemp("fleet"), {}))
