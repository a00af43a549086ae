"""The command `padfleet doctor`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

from padfleet.services.tools.doctor.checks import judge
from padfleet.services.tools.doctor.collect import Unreachable, collect
from padfleet.services.tools.doctor.report import lines
from padfleet.shared.settings import DoctorSettings, load

_FIT: Final = 0
_UNFIT: Final = 1
_NOT_CHECKED: Final = 2


def main(argv: Sequence[str]) -> int:
    """Print the report. Returns 0 when nothing failed, 1 when something did, 2 when Redis could
    not be reached."""
    settings = load(DoctorSettings, "padfleet doctor", argv, os.environ)
    try:
        facts = collect(settings.redis_url, settings.connect_timeout_ms / 1000)
    except Unreachable as error:
        print(f"padfleet doctor: {error}", file=sys.stderr)
        return _NOT_CHECKED
    findings = judge(facts)
    for line in lines(findings):
        print(line)
    return _UNFIT if any(finding.level == "fail" for finding in findings) else _FIT


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
