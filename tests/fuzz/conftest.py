from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _no_collection_in_between() -> Iterator[None]:
    """In the middle of JSON that is nested as deep as Python goes, a callback of a weak reference
    would have no room left to run, and pytest takes that for a failure."""
    gc.disable()
    yield
    gc.enable()
