"""Settings of every process, from `PADFLEET_*` variables and flags.

    settings = load(WriterSettings, "padfleet writer", argv, os.environ)

All classes are declared in this package, not in the services: each process has to know the
variables of the others, and services never import each other.
"""

from shared.settings.access import AccessSettings, Auth
from shared.settings.declare import setting
from shared.settings.doctor import DoctorSettings
from shared.settings.fanout import Batch, FanoutSettings
from shared.settings.fleet import FLEET
from shared.settings.loading import (
    USAGE_ERROR,
    SettingsError,
    described,
    environment_of,
    load,
    resolve,
)
from shared.settings.process import LogFormat, LogLevel, ProcessSettings, RedisProcessSettings
from shared.settings.redis_url import RedisUrl, mask
from shared.settings.tracing import TracingSettings
from shared.settings.up import UpSettings
from shared.settings.writer import WriterSettings

__all__ = [
    "FLEET",
    "USAGE_ERROR",
    "AccessSettings",
    "Auth",
    "Batch",
    "DoctorSettings",
    "FanoutSettings",
    "LogFormat",
    "LogLevel",
    "ProcessSettings",
    "RedisProcessSettings",
    "RedisUrl",
    "SettingsError",
    "TracingSettings",
    "UpSettings",
    "WriterSettings",
    "described",
    "environment_of",
    "load",
    "mask",
    "resolve",
    "setting",
]
