"""This module has the settings that every process of a fleet has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from padfleet.shared.settings.cold_url import problem_with_cold
from padfleet.shared.settings.declare import setting
from padfleet.shared.settings.redis_url import problem_with

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["auto", "text", "json"]


@dataclass(frozen=True, kw_only=True)
class ProcessSettings:
    """Settings of a process of the fleet."""

    redis_url: str = setting(
        "",
        "where Redis is: redis://host:6379/0, rediss:// for TLS, unix:///path, "
        "redis+sentinel://host:26379,host/service or redis+cluster://host:6379,host",
        secret=True,
        env_fallback="REDIS_URL",
        check=problem_with,
    )
    cold_url: str = setting(
        "",
        "where pads that nobody is on are kept: file:///var/lib/padfleet/cold, "
        "s3://bucket/prefix, gs://, az://, or the database of an Etherpad, postgresql:// or "
        "mysql://. The same for all processes; with none, all pads stay in Redis",
        secret=True,
        check=problem_with_cold,
    )
    partitions: int = setting(
        32,
        "number of shares into which the pads are divided; fixed when the fleet is started for "
        "the first time",
        minimum=1,
        maximum=4096,
    )
    log_level: LogLevel = setting("info", "the least important messages that are logged")
    log_format: LogFormat = setting(
        "auto", "auto means text on a terminal, and one JSON object per line elsewhere"
    )
    host: str = setting(
        "0.0.0.0", "address to listen on; 0.0.0.0 is every IPv4 address of the host"
    )

    def validate(self) -> Iterator[tuple[str, str]]:
        """Yields the problems that no single setting shows: pairs of the setting at fault and the
        reason."""
        if not self.host.strip():
            yield "host", "empty; give an address of this machine, or 0.0.0.0 for all of them"


@dataclass(frozen=True, kw_only=True)
class RedisProcessSettings(ProcessSettings):
    """Settings of a process that needs a Redis which is named to it.

    There is no default of localhost: a fleet whose processes each fall back to a Redis on their own
    machine looks healthy, but is many fleets.
    """

    def validate(self) -> Iterator[tuple[str, str]]:
        yield from super().validate()
        if not self.redis_url:
            yield (
                "redis_url",
                "needed: where is Redis? Give --redis-url redis://host:6379/0, "
                "or set PADFLEET_REDIS_URL or REDIS_URL",
            )
