"""This module has the settings of `padfleet doctor`."""

from __future__ import annotations

from dataclasses import dataclass

from padfleet.shared.settings.declare import setting
from padfleet.shared.settings.process import RedisProcessSettings


@dataclass(frozen=True, kw_only=True)
class DoctorSettings(RedisProcessSettings):
    """Check whether a Redis is fit for a fleet, and say what to change.

    With `--etherpad SETTINGS.JSON`, say instead which settings of an Etherpad a fleet honours.
    """

    connect_timeout_ms: int = setting(
        3_000, "time that Redis has to answer", unit="ms", minimum=100, maximum=300_000
    )
