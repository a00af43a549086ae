"""The findings as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from padfleet.services.tools.doctor.checks import DoctorFinding


def lines(findings: Sequence[DoctorFinding]) -> Iterator[str]:
    """One line for each finding, then a summary."""
    name_width = max((len(finding.name) for finding in findings), default=0)
    for finding in findings:
        fix = f"  -> {finding.fix}" if finding.fix else ""
        yield f"{finding.level:<4}  {finding.name:<{name_width}}  {finding.found}{fix}"
    yield summary(findings)


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
