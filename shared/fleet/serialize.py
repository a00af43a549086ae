"""This module represents a fleet as JSON, for `padfleet top --json` and the page. It is pure."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from padfleet.shared.fleet.findings import Finding, verdict
from padfleet.shared.fleet.view import FleetView


def as_json(now: FleetView, found: Sequence[Finding]) -> dict[str, Any]:
    """Returns the fleet, with names and units as in `view` and `findings`. A pad's name may contain
    what is not a valid character; a replacement character is shown instead."""
    document = {
        "verdict": verdict(found),
        "served": not any(finding.level == "bad" for finding in found),
        "findings": [finding._asdict() for finding in found],
        **asdict(now),
    }
    for process, shown in zip(now.processes, document["processes"], strict=True):
        # asdict leaves a named tuple as a tuple, without the names of its fields.
        shown["rates"] = process.rates._asdict() if process.rates else None
    for finding in document["findings"]:
        finding["text"] = sound(finding["text"])
    for pad in document["pads"]:
        pad["name"] = sound(pad["name"])
    return document


def sound(text: str) -> str:
    """Returns the text without lone surrogates, which no encoder accepts."""
    return text.encode("utf-8", "replace").decode()
