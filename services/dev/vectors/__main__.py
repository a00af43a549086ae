"""Runs the command `padfleet vectors`."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from padfleet.services.dev.vectors.casefile import CaseUnreadable, read_cases
from padfleet.shared.easysync.vectors import run_vector

_ALL_PASSED: Final = 0
_SOME_FAILED: Final = 1
_NOT_CHECKED: Final = 2

_FAILURES_SHOWN: Final = 20
_REASON_LENGTH: Final = 500


def main(argv: Sequence[str]) -> int:
    """Checks every case in the file, and prints what failed and the totals.

    Returns 0 when all passed, 1 when some did not or there were none, and 2 when the file could not
    be read.
    """
    path: Path = _parser().parse_args(argv).file
    passed: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    try:
        for number, case, error in read_cases(path):
            op = _op_of(case)
            reason = error or run_vector(case)
            if reason is None:
                passed[op] += 1
                continue
            failed[op] += 1
            if failed.total() <= _FAILURES_SHOWN:
                print(f"{path}:{number}: {op}: {_shortened(reason)}")
    except CaseUnreadable as unreadable:
        print(f"padfleet vectors: {unreadable}", file=sys.stderr)
        return _NOT_CHECKED
    if failed.total() > _FAILURES_SHOWN:
        print(f"and {failed.total() - _FAILURES_SHOWN} more failures")
    for op in sorted(passed | failed):
        print(f"{op:<24} {passed[op]:>6} passed {failed[op]:>6} failed")
    print(f"{passed.total()} passed, {failed.total()} failed")
    return _ALL_PASSED if passed and not failed else _SOME_FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="padfleet vectors",
        description="Check the changeset engine against recorded results of Etherpad's own engine.",
    )
    parser.add_argument(
        "file",
        metavar="FILE",
        type=Path,
        help="one case a line, as JSON; may be gzipped, whatever its name",
    )
    return parser


def _op_of(case: Any) -> str:
    op = case.get("op") if isinstance(case, dict) else None
    return op if isinstance(op, str) and op.isidentifier() and op.isascii() else "?"


def _shortened(reason: str) -> str:
    return reason if len(reason) <= _REASON_LENGTH else f"{reason[:_REASON_LENGTH]}…"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
