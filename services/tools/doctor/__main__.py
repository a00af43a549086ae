"""Runs the command `padfleet doctor`."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from padfleet.services.tools.doctor.checks import judge
from padfleet.services.tools.doctor.cold_store import collect_cold, judge_cold
from padfleet.services.tools.doctor.collect import Unreachable, collect
from padfleet.services.tools.doctor.database import import_source
from padfleet.services.tools.doctor.etherpad import LONGEST, judge_settings, read_settings
from padfleet.services.tools.doctor.report import etherpad_lines, lines
from padfleet.shared.settings import DoctorSettings, load

_FIT: Final = 0
_UNFIT: Final = 1
_NOT_CHECKED: Final = 2

_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Characters that would control the terminal, or cannot be printed."""


def main(argv: Sequence[str]) -> int:
    """Prints the report. Returns 0 when nothing failed, 1 when something did, and 2 when Redis
    could not be reached, or the file of --etherpad could not be read."""
    if any(word.partition("=")[0] == "--etherpad" for word in argv):
        return _of_an_etherpad(argv)
    settings = load(DoctorSettings, "padfleet doctor", argv, os.environ)
    try:
        facts = collect(settings.redis_url, settings.connect_timeout_ms / 1000)
    except Unreachable as error:
        print(f"padfleet doctor: {error}", file=sys.stderr)
        return _NOT_CHECKED
    findings = judge(facts) + judge_cold(collect_cold(settings.cold_url, facts.cold))
    for line in lines(findings):
        print(line)
    return _UNFIT if any(finding.level == "fail" for finding in findings) else _FIT


def _of_an_etherpad(argv: Sequence[str]) -> int:
    """Examines an Etherpad's settings: a different question from that of Redis, with other
    options."""
    parser = argparse.ArgumentParser(
        prog="padfleet doctor",
        description="Read an Etherpad's settings.json, and say which of them a fleet honours.",
    )
    parser.add_argument("--etherpad", required=True, type=Path, metavar="SETTINGS.JSON")
    path: Path = parser.parse_args(argv).etherpad
    try:
        with path.open(encoding="utf-8-sig") as file:
            settings = read_settings(file.read(LONGEST + 1), os.environ)
    except (OSError, ValueError) as error:
        print(f"padfleet doctor: {path}: {error}", file=sys.stderr)
        return _NOT_CHECKED
    for line in etherpad_lines(list(judge_settings(settings)), import_source(settings)):
        print(_UNPRINTABLE.sub("\ufffd", line))
    return _FIT


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
