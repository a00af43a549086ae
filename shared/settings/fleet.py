"""The processes whose variables a shared environment may hold."""

from __future__ import annotations

from typing import Final

from shared.settings.doctor import DoctorSettings
from shared.settings.fanout import FanoutSettings
from shared.settings.process import ProcessSettings
from shared.settings.up import UpSettings
from shared.settings.writer import WriterSettings

FLEET: Final[tuple[type[ProcessSettings], ...]] = (
    FanoutSettings,
    WriterSettings,
    UpSettings,
    DoctorSettings,
)
