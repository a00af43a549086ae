"""This module has the settings for tracing submissions, for all processes that handle them."""

from __future__ import annotations

from dataclasses import dataclass

from padfleet.shared.settings.declare import setting
from padfleet.shared.settings.process import RedisProcessSettings


@dataclass(frozen=True, kw_only=True)
class TracingSettings(RedisProcessSettings):
    trace_share: float = setting(
        0.0,
        "share of submissions to trace with OpenTelemetry, the same for all processes; 0 is none, "
        "0.001 one in a thousand. OTEL_EXPORTER_OTLP_ENDPOINT says where traces are sent",
        minimum=0.0,
        maximum=1.0,
    )
