"""This module has the settings of a node."""

from __future__ import annotations

from dataclasses import dataclass

from padfleet.shared.settings.fanout import FanoutSettings
from padfleet.shared.settings.writer import WriterSettings


@dataclass(frozen=True, kw_only=True)
class NodeSettings(FanoutSettings, WriterSettings):
    """Settings of a node, which is a fan-out worker and a writer in one process. --port is that for
    clients; health and metrics of both are at --ops-port."""
