"""Judges whether the cold store is fit for pads."""

from __future__ import annotations

import asyncio
import shutil
import time
from dataclasses import dataclass
from typing import Final

from padfleet.services.tools.doctor.checks import NEARLY_FULL, DoctorFinding
from padfleet.shared.cold.errors import StoreAway
from padfleet.shared.cold.opening import open_pads
from padfleet.shared.cold.stores.opening import parse_cold_url
from padfleet.shared.settings.cold_url import agreed_name, url_for_tools
from padfleet.shared.settings.redis_url import mask

TIMEOUT_S: Final = 60.0

SLOW_S: Final = 1.0
"""The duration in seconds from which the store is slow: a join of a cold pad waits for some of
these calls."""


@dataclass(frozen=True)
class ColdFacts:
    """What was found out about the cold store."""

    where: str  #: its URL without a password
    misnamed: str = ""  #: why its URL names no store
    failed: StoreAway | None = None  #: what it does instead of what it is asked for
    wrong: str = ""  #: behaviour with which pads cannot be kept
    untried: str = ""  #: why it was not tried
    took_s: float = 0.0  #: seconds for put, read, list and delete
    full: float | None = None  #: share of its disk that is in use; None: we cannot see it


def collect_cold(ours: str, fleets: str = "") -> ColdFacts | None:
    """Tests the store, and leaves nothing in it. Returns None if there is no store.

    Arguments:
        ours: the URL that the settings name.
        fleets: the store that the fleet says it has.
    """
    try:
        url = url_for_tools(ours, fleets)
    except ValueError as error:
        return ColdFacts(fleets, untried=str(error))
    if not url:
        return None
    return asyncio.run(_tried(url, known=agreed_name(url) == fleets))


async def _tried(url: str, *, known: bool) -> ColdFacts:
    where = mask(url)
    try:
        cold = open_pads(url, known=known)
    except StoreAway as error:
        return ColdFacts(where, failed=error)
    except ValueError as error:
        return ColdFacts(where, misnamed=str(error))
    began = time.perf_counter()
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await cold.check()
    except TimeoutError:
        return ColdFacts(where, failed=StoreAway(f"it has not answered for {TIMEOUT_S:g} s"))
    except StoreAway as error:
        return ColdFacts(where, failed=error)
    except ValueError as error:
        return ColdFacts(where, wrong=str(error))
    finally:
        await cold.aclose()
    return ColdFacts(where, took_s=time.perf_counter() - began, full=_full(url))


def _full(url: str) -> float | None:
    if not url.strip().startswith("file://"):
        return None
    disk = shutil.disk_usage(parse_cold_url(url).path)
    return 1 - disk.free / disk.total


def judge_cold(facts: ColdFacts | None) -> list[DoctorFinding]:
    """Returns the findings, of which there are none without a cold store."""
    name = "cold store"
    if facts is None:
        return []
    if facts.untried:
        return [DoctorFinding("warn", name, "it was not tried", facts.untried)]
    if facts.misnamed:
        fix = "correct PADFLEET_COLD_URL: with this one, no process starts"
        return [DoctorFinding("fail", name, f"{facts.where}: {facts.misnamed}", fix)]
    if facts.failed is not None:
        found = str(facts.failed)
        if not found.startswith(facts.where.partition("?")[0].removeprefix("file://")):
            found = f"{facts.where}: {found}"
        fix = f"{facts.failed.advice}; {facts.failed.meanwhile}"
        return [DoctorFinding("fail", name, found, fix)]
    if facts.wrong:
        return [DoctorFinding("fail", name, f"{facts.where}: {facts.wrong}")]
    if facts.full is not None and facts.full > NEARLY_FULL:
        return [
            DoctorFinding(
                "warn",
                name,
                f"{facts.where}: its disk is {facts.full:.0%} full",
                "make room, or padfleet prune: a full one keeps pads from leaving Redis",
            )
        ]
    if facts.took_s > SLOW_S:
        return [
            DoctorFinding(
                "warn",
                name,
                f"{facts.where}: eight calls took {facts.took_s:.1f} s",
                "take one that is nearer: who opens a cold pad waits for some of them",
            )
        ]
    return [
        DoctorFinding(
            "ok",
            name,
            f"{facts.where}: what is put is read right after, and nothing is put over what others "
            f"have put; {facts.took_s * 1000:.0f} ms",
        )
    ]
