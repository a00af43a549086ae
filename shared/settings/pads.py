"""This module has the settings of how large a pad may become. All processes need the same
values."""

from __future__ import annotations

from dataclasses import dataclass

from padfleet.shared.settings.declare import setting
from padfleet.shared.settings.process import RedisProcessSettings


@dataclass(frozen=True, kw_only=True)
class PadSettings(RedisProcessSettings):
    """Settings that workers and writers share: workers refuse what is too large before it is
    stored, and writers decide in the end."""

    max_pad_length: int = setting(
        5_000_000,
        "maximum length of a pad's text; edits that would make it longer are refused. The same for "
        "workers and writers",
        unit="UTF-16 code units",
        minimum=1_000,
        maximum=1_000_000_000,
    )
    max_pad_attributes: int = setting(
        200_000,
        "maximum number of different attributes (authors, formats) that a pad may ever have had; "
        "edits that would add more are refused. The same for workers and writers",
        unit="attributes",
        minimum=100,
        maximum=100_000_000,
    )
