"""Runs tests that have failed beside others once more, one by one: `python -m tests.again`.

CI runs several tests at once on cores that are shared with strangers. A test that fails there and
passes alone is shaky: it does not keep a good change from landing, but it is named at the end of
the run, as a fault of ours that has to be mended. If more than `MOST` have failed, it is not by
chance, and none is tried again.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

MOST = 5
"""How many tests may fail by chance in one run of some seven thousand."""

RECORD = Path(".pytest_cache/v/cache/lastfailed")
"""The file in which pytest keeps the names of the tests that failed last, as keys of a JSON
object."""


def worth_another_try(record: str) -> list[str]:
    """Returns the tests to run again, by pytest's names. `record` is the text of `RECORD`.

    Raises ValueError, with the reason, if none is to be run again.
    """
    failed = sorted(json.loads(record))
    if not failed:
        raise ValueError("no test is on record as failed: the run ended for another reason")
    if len(failed) > MOST:
        raise ValueError(f"{len(failed)} tests failed, more than by chance: none is run again")
    if files := [name for name in failed if "::" not in name]:
        raise ValueError(f"{files[0]} could not be read, which is no matter of chance")
    return failed


def main() -> int:
    """Runs them, and returns the exit status: 0 if all of them pass now."""
    try:
        failed = worth_another_try(RECORD.read_text())
    except (OSError, ValueError) as error:
        print(f"again: {error}")
        return 1
    print(f"again: {len(failed)} failed beside others and is run once more, alone", flush=True)
    status = subprocess.call([sys.executable, "-m", "pytest", "-n", "0", "-m", "", *failed])
    for name in failed if status == 0 else []:
        print(f"again: SHAKY, to be mended: {name}")
    return status


if __name__ == "__main__":
    sys.exit(main())
