"""A fleet as JSON, for `padfleet top --json` and the page. Pure."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from padfleet.shared.fleet.findings import Finding, verdict
from padfleet.shared.fleet.view import FleetView


def as_json(now: FleetView, found: Sequence[Finding]) -> dict[str, Any]:
    """Names and units as in `view` and `findings`. A pad's name may hold what is no character;
    then a mark stands for it."""
    told = {
        "verdict": verdict(found),
        "served": not any(finding.level == "bad" for finding in found),
        "findings": [finding._asdict() for finding in found],
        **asdict(now),
    }
    for process, shown in zip(now.processes, told["processes"], strict=True):
        # asdict leaves a named tuple a tuple, and its fields unnamed.
        shown["rates"] = process.rates._asdict() if process.rates else None
    for finding in told["findings"]:
        finding["text"] = sound(finding["text"])
    for pad in told["pads"]:
        pad["name"] = sound(pad["name"])
    return told


def sound(text: str) -> str:
    """Without lone surrogates, which no encoder takes."""
    return text.encode("utf-8", "replace").decode()
