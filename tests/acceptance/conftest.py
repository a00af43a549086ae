from __future__ import annotations

import pytest

from tests.fleet import Fleet, fleet_of_its_own
from tests.folders import for_the_folder


@pytest.fixture(scope="module")
def fleet(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    """A node, a writer and a worker, shared by all tests that leave them whole; each test uses pads
    of its own. The first of the workers is the node, and half of the pads are its writer's, so
    edits take every way that there is.

    The fleet has a server of its own, since other tests flush theirs.
    """
    return for_the_folder(
        request,
        lambda: fleet_of_its_own(
            tmp_path_factory.mktemp("fleet"), {}, writers=1, workers=1, nodes=1
        ),
    )
