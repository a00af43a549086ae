"""Formats the findings as text."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from padfleet.services.tools.doctor.checks import DoctorFinding
from padfleet.services.tools.doctor.etherpad import MEANINGS, SettingVerdict


def lines(findings: Sequence[DoctorFinding]) -> Iterator[str]:
    """Yields one line for each finding, then a summary."""
    name_width = max((len(finding.name) for finding in findings), default=0)
    for finding in findings:
        fix = f"  -> {finding.fix}" if finding.fix else ""
        yield f"{finding.level:<4}  {finding.name:<{name_width}}  {finding.found}{fix}"
    yield summary(findings)


def etherpad_lines(verdicts: Sequence[SettingVerdict], source: str | None) -> Iterator[str]:
    """Yields what becomes of an Etherpad's settings: by kind, then what to set, then what to
    import."""
    width = max((len(verdict.name) for verdict in verdicts), default=0)
    for kind, meaning in MEANINGS.items():
        if mine := [verdict for verdict in verdicts if verdict.kind == kind]:
            yield f"{kind}: {meaning}"
            for verdict in mine:
                what = f"  {verdict.what}" if verdict.what else ""
                yield f"  {verdict.name:<{width}}  {verdict.found}{what}"
            yield ""
    if environ := [pair for verdict in verdicts for pair in verdict.environ]:
        yield "for the processes of the fleet:"
        yield from (f"  {name}={shlex.quote(value)}" for name, value in environ)
        yield ""
    if source is None:
        yield "its database cannot be read; import by its HTTP API: padfleet import http://…"
    else:
        yield f"its pads: padfleet import {shlex.quote(source)} --dry-run"


def summary(findings: Sequence[DoctorFinding]) -> str:
    fails = sum(finding.level == "fail" for finding in findings)
    warns = sum(finding.level == "warn" for finding in findings)
    if fails:
        verdict = "not fit for a fleet"
    elif warns:
        verdict = "fit for a fleet, with reservations"
    else:
        verdict = "fit for a fleet"
    return f"{verdict}: {len(findings)} checks, {fails} failed, {warns} warned"
