"""This package has the settings of every process, from `PADFLEET_*` variables and flags.

    settings = load(WriterSettings, "padfleet writer", argv, os.environ)

All classes are declared in this package, not in the services: each process has to know the
variables of the others, and services never import each other.
"""

from padfleet.shared.settings.access import AccessSettings, Auth
from padfleet.shared.settings.declare import setting
from padfleet.shared.settings.doctor import DoctorSettings
from padfleet.shared.settings.fanout import Batch, FanoutSettings
from padfleet.shared.settings.fleet import FLEET
from padfleet.shared.settings.loading import (
    USAGE_ERROR,
    SettingsError,
    described,
    environment_of,
    load,
    resolve,
)
from padfleet.shared.settings.node import NodeSettings
from padfleet.shared.settings.process import (
    LogFormat,
    LogLevel,
    ProcessSettings,
    RedisProcessSettings,
)
from padfleet.shared.settings.redis_url import RedisUrl, mask
from padfleet.shared.settings.tracing import TracingSettings
from padfleet.shared.settings.up import UpSettings
from padfleet.shared.settings.writer import WriterSettings

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
    "NodeSettings",
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
