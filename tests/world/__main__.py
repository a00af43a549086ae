"""Runs `python -m tests.world`: see docs/reliability.md."""

from __future__ import annotations

import os
import sys

HASH_SEED = "0"
"""The seed of Python's hashes, which decide the order in which sets of texts are iterated."""

if os.environ.get("PYTHONHASHSEED") != HASH_SEED:
    os.environ["PYTHONHASHSEED"] = HASH_SEED
    os.execv(sys.executable, [sys.executable, "-m", "tests.world", *sys.argv[1:]])

from tests.world import disguise  # noqa: E402 - the order is the point

disguise.put_on()

from tests.world import mutations  # noqa: E402

if "--mutations" in sys.argv:
    sys.exit(mutations.hunt(sys.argv[1:]))
if "--mutation" in sys.argv[:-1]:
    mutations.apply(sys.argv[sys.argv.index("--mutation") + 1])

from tests.world.campaign import main  # noqa: E402

sys.exit(main(sys.argv[1:]))
