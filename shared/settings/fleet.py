"""This module lists the processes whose variables a shared environment may hold."""

from __future__ import annotations

from typing import Final

from padfleet.shared.settings.doctor import DoctorSettings
from padfleet.shared.settings.fanout import FanoutSettings
from padfleet.shared.settings.process import ProcessSettings
from padfleet.shared.settings.up import UpSettings
from padfleet.shared.settings.writer import WriterSettings

FLEET: Final[tuple[type[ProcessSettings], ...]] = (
    FanoutSettings,
    WriterSettings,
    UpSettings,
    DoctorSettings,
)
