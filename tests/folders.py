"""What the tests of a folder share, and no other: it ends with the last of them.

A fixture of the session would go on until the end of the run. A fleet that nobody uses any more
takes a fortieth of a core with its canaries and heartbeats, in each of pytest's processes.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import TypeVar

import pytest

T = TypeVar("T")


def for_the_folder(
    request: pytest.FixtureRequest, make: Callable[[], AbstractContextManager[T]]
) -> T:
    """What `make` makes for the folder of a test file, the same for all of its files: to be asked
    for by a fixture of a module, which has the name that tests know it by."""
    folder = request.node.parent
    shared = folder.stash.setdefault(_SHARED, {})
    name = request.fixturename
    if name not in shared:
        stack = ExitStack()
        shared[name] = stack.enter_context(make())
        folder.addfinalizer(lambda: _ended(shared, name, stack))
    found: T = shared[name]
    return found


_SHARED: pytest.StashKey[dict[str | None, object]] = pytest.StashKey()


def _ended(shared: dict[str | None, object], name: str | None, stack: ExitStack) -> None:
    del shared[name]
    stack.close()
