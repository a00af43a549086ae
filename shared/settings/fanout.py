"""The settings of a fan-out worker."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from padfleet.shared.easysync import to_units
from padfleet.shared.easysync.characters import plain
from padfleet.shared.settings.api import ApiSettings
from padfleet.shared.settings.declare import setting
from padfleet.shared.settings.limits import LimitSettings
from padfleet.shared.settings.ops import LAST_PORT, ops_port
from padfleet.shared.settings.pads import PadSettings
from padfleet.shared.settings.seeing import SeeingSettings
from padfleet.shared.settings.tracing import TracingSettings

_EMBEDDING = re.compile(
    r"https?://(\*\.)?[A-Za-z0-9._-]+(:\d{1,5})?|https?://\[[0-9a-fA-F:.]+\](:\d{1,5})?"
)
Batch = Literal["auto", "on", "off"]
Page = Literal["on", "off"]
Compression = Literal["on", "off"]

WELCOME = (
    "Welcome to this pad!\n\n"
    "Everyone who has its address can write here, at the same time. Each author has a colour.\n"
)


@dataclass(frozen=True, kw_only=True)
class FanoutSettings(ApiSettings, LimitSettings, PadSettings, SeeingSettings, TracingSettings):
    """Settings of a fan-out worker: it holds the sockets of the clients."""

    port: int = setting(
        9001,
        "port of what clients may reach: pages, Socket.IO, API, and health",
        minimum=1,
        maximum=65535,
    )
    ops_port: int = setting(
        0,
        "port of what is the operators' alone: metrics, /stats and /fleet, and health; 0 is 200 "
        "above --port. The same as --port puts all on one, for networks where only a proxy "
        "with an allow-list reaches it",
        minimum=0,
        maximum=LAST_PORT,
    )
    ops_host: str = setting("", "address to listen on for these; that of --host if none")
    batch: Batch = setting(
        "auto",
        "whether several revisions go to a client in one NEW_CHANGES_BATCH message: "
        "auto sends it to the clients that say they understand it, on to all, off to none",
    )
    compression: Compression = setting(
        "on",
        "whether what goes to many is deflated for the clients that offer it: WebSocket messages "
        "that all on a pad are sent alike, and answers to polling",
    )
    default_pad_text: str = setting(WELCOME, "text of a pad that is opened for the first time")
    page: Page = setting(
        "on",
        "whether / and /p/<pad> show a page to type in: off where an Etherpad serves these",
    )
    embed: tuple[str, ...] = setting(
        ("same",),
        "origins of pages that may show the page in a frame: same is that of this worker; "
        "https://host or https://*.host for others; * for all; none for no page at all",
    )
    cookie_prefix: str = setting(
        "", "put before the names of all cookies, as in Etherpad's setting"
    )
    max_message_bytes: int = setting(
        1_000_000,
        "largest message that a client may send",
        unit="bytes",
        minimum=10_000,
        maximum=100_000_000,
    )
    ping_interval_ms: int = setting(
        25_000, "time between two pings to a client", unit="ms", minimum=100, maximum=300_000
    )
    ping_timeout_ms: int = setting(
        20_000,
        "time that a client has to answer a ping before its socket is closed",
        unit="ms",
        minimum=100,
        maximum=300_000,
    )
    presence_timeout_ms: int = setting(
        4_000,
        "time after which a user whose worker has died is shown as gone",
        unit="ms",
        minimum=500,
        maximum=300_000,
    )
    commit_timeout_ms: int = setting(
        5_000,
        "time that a submission may take to become a revision before its client is told",
        unit="ms",
        minimum=100,
        maximum=300_000,
    )
    ring_revisions: int = setting(
        1000,
        "newest revisions of each open pad kept in memory; sockets behind them read the stream",
        unit="revisions",
        minimum=1,
        maximum=1_000_000,
    )
    stall_timeout_ms: int = setting(
        60_000,
        "time after which a socket that takes nothing of what it is due is closed; "
        "its client can come back and resume",
        unit="ms",
        minimum=1_000,
        maximum=3_600_000,
    )
    flush_share: float = setting(
        0.5,
        "share of the event loop that sending revisions may take before busy pads pause longer",
        minimum=0.05,
        maximum=0.95,
    )
    flush_pause_min_ms: int = setting(
        0, "shortest pause between two flushes of a pad", unit="ms", minimum=0, maximum=10_000
    )
    flush_pause_max_ms: int = setting(
        100,
        "longest pause that the cost of flushes makes a busy pad wait",
        unit="ms",
        minimum=0,
        maximum=10_000,
    )
    flush_rate: int = setting(
        33,
        "flushes per second of a pad with more revisions than that, or three times as many where "
        "a handful of people makes them cheap; one with fewer is flushed at once",
        minimum=1,
        maximum=1_000,
    )
    pad_wide_settings: bool = setting(
        True, "whether a pad's creator may set how the pad looks for everybody"
    )
    pad_deletion_by_all: bool = setting(
        False, "whether everybody who may write on a pad may delete it, not its creator alone"
    )
    plugin_messages: str = setting(
        "",
        "types of COLLABROOM messages, with commas between, that plugins' pages send to each "
        'other: they are passed on to the other sockets of the pad, as CUSTOM always is; "*" for '
        "all that are not Etherpad's own",
    )
    cursors_up_to: int = setting(
        50,
        "people on a pad up to whom pages show them each other's cursors; 0: never",
        minimum=0,
        maximum=1_000,
    )
    drain_ms: int = setting(
        30_000,
        "time over which a worker that was asked to end (SIGTERM) lets its sockets go, so that "
        "their clients do not all come to the others at once; few sockets take less",
        unit="ms",
        minimum=0,
        maximum=3_600_000,
    )
    worker_id: str = setting("", "name of this worker, unlike any other's; made at start if none")

    @property
    def ops(self) -> tuple[str, int]:
        """Where the operators' routes are listened for: host and port."""
        return self.ops_host or self.host, self.ops_port or ops_port(self.port)

    @property
    def apart(self) -> bool:
        """Whether the operators' routes have a listener of their own."""
        return self.ops != (self.host, self.port)

    @property
    def first_text(self) -> str:
        """What a pad begins with that is opened for the first time, in UTF-16 code units and
        without what an editor has no line or column for."""
        return to_units(plain(self.default_pad_text))

    def validate(self) -> Iterator[tuple[str, str]]:
        yield from super().validate()
        for origin in self.embed:
            if origin not in ("same", "none", "*") and not _EMBEDDING.fullmatch(origin):
                yield (
                    "embed",
                    f"{origin!r} is no origin: write https://host[:port], https://*.host for all "
                    "below it, same, * for all, or none",
                )
        if len(self.embed) > 1 and {"none", "*"} & set(self.embed):
            yield "embed", "has none or * beside others: either stands alone"
        if not self.embed:
            yield "embed", "is empty: write same for frames of this origin, or none"
        length = len(self.first_text) + 1  # a pad ends in a newline of its own
        if length > self.max_pad_length:
            yield (
                "default_pad_text",
                f"makes a pad of {length:,} UTF-16 code units, which may have "
                f"{self.max_pad_length:,} at most: shorten it, or raise --max-pad-length "
                "(PADFLEET_MAX_PAD_LENGTH) on all workers and writers",
            )
        if self.apart and self.ops[1] == self.port:
            yield (
                "ops_host",
                f"is another than --host, and the port is the same ({self.port}): give --ops-port "
                "one of its own",
            )
