"""This module has the settings of a fan-out worker."""

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
        "port for clients: pages, Socket.IO, the HTTP API, and health",
        minimum=1,
        maximum=65535,
    )
    ops_port: int = setting(
        0,
        "port for operators: metrics, /stats and /fleet, and health; 0 means 200 above --port. "
        "The same as --port puts everything on one port, for networks where only a proxy with an "
        "allow-list reaches it",
        minimum=0,
        maximum=LAST_PORT,
    )
    ops_host: str = setting("", "address to listen on for --ops-port; --host if empty")
    batch: Batch = setting(
        "auto",
        "whether to send several revisions to a client in one NEW_CHANGES_BATCH message: auto "
        "does so for clients that say they understand it, on for all, off for none",
    )
    compression: Compression = setting(
        "on",
        "whether to compress for clients that offer it: WebSocket messages that are the same for "
        "everybody on a pad, and answers to polling",
    )
    default_pad_text: str = setting(WELCOME, "text of a pad that is opened for the first time")
    page: Page = setting(
        "on",
        "whether / and /p/<pad> show a page to write on; off if an Etherpad serves these paths",
    )
    embed: tuple[str, ...] = setting(
        ("same",),
        "sites that may show the page in a frame: same is this worker's own; https://host or "
        "https://*.host for others; * for all; none for no site at all",
    )
    cookie_prefix: str = setting(
        "", "prefix for the names of all cookies, as in Etherpad's setting"
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
        "time that a submission may take to become a revision before its client is told that it "
        "failed",
        unit="ms",
        minimum=100,
        maximum=300_000,
    )
    ring_revisions: int = setting(
        1000,
        "number of newest revisions of each open pad to keep in memory; sockets that lag further "
        "behind are served from Redis",
        unit="revisions",
        minimum=1,
        maximum=1_000_000,
    )
    stall_timeout_ms: int = setting(
        60_000,
        "time after which a socket is closed if it takes nothing of what it is sent; its client "
        "can come back and resume",
        unit="ms",
        minimum=1_000,
        maximum=3_600_000,
    )
    flush_share: float = setting(
        0.5,
        "share of the event loop that sending revisions may take; beyond it, busy pads pause "
        "longer",
        minimum=0.05,
        maximum=0.95,
    )
    flush_pause_min_ms: int = setting(
        0, "shortest pause between two flushes of a pad", unit="ms", minimum=0, maximum=10_000
    )
    flush_pause_max_ms: int = setting(
        100,
        "longest pause between two flushes of a busy pad",
        unit="ms",
        minimum=0,
        maximum=10_000,
    )
    flush_rate: int = setting(
        33,
        "maximum number of flushes per second of a pad with more revisions than that, or three "
        "times as many if few people make them cheap; a pad with fewer revisions is flushed "
        "immediately",
        minimum=1,
        maximum=1_000,
    )
    pad_wide_settings: bool = setting(
        True, "whether a pad's creator may set how the pad looks for everybody"
    )
    pad_deletion_by_all: bool = setting(
        False,
        "whether everybody who may write on a pad may delete it, rather than only its creator",
    )
    plugin_messages: str = setting(
        "",
        "comma-separated types of COLLABROOM messages that plugins' pages send to each other. "
        'They are relayed to the pad\'s other sockets, as CUSTOM always is; "*" relays all that '
        "are not Etherpad's own",
    )
    cursors_up_to: int = setting(
        50,
        "number of people on a pad up to which pages show them each other's cursors; 0: never",
        unit="people",
        minimum=0,
        maximum=1_000,
    )
    drain_ms: int = setting(
        30_000,
        "time over which a worker that is told to stop (SIGTERM) closes its sockets, so that "
        "their clients do not all connect elsewhere at the same moment; few sockets take less",
        unit="ms",
        minimum=0,
        maximum=3_600_000,
    )
    worker_id: str = setting("", "unique name of this worker; generated at start-up if empty")

    @property
    def ops(self) -> tuple[str, int]:
        """The host and port on which the operators' routes are served."""
        return self.ops_host or self.host, self.ops_port or ops_port(self.port)

    @property
    def apart(self) -> bool:
        """Whether the operators' routes have a separate listener."""
        return self.ops != (self.host, self.port)

    @property
    def first_text(self) -> str:
        """The text of a pad that is opened for the first time, in UTF-16 code units and without
        characters for which an editor has no line or column."""
        return to_units(plain(self.default_pad_text))

    def validate(self) -> Iterator[tuple[str, str]]:
        yield from super().validate()
        for origin in self.embed:
            if origin not in ("same", "none", "*") and not _EMBEDDING.fullmatch(origin):
                yield (
                    "embed",
                    f"{origin!r} is not an origin: write https://host[:port], https://*.host for "
                    "all below it, same, * for all, or none",
                )
        if len(self.embed) > 1 and {"none", "*"} & set(self.embed):
            yield "embed", "has none or * together with others; each of these must be alone"
        if not self.embed:
            yield "embed", "is empty: write same for frames of this origin, or none"
        length = len(self.first_text) + 1  # a pad always ends with another newline
        if length > self.max_pad_length:
            yield (
                "default_pad_text",
                f"makes a pad of {length:,} UTF-16 code units, but {self.max_pad_length:,} is the "
                f"maximum: shorten it, or raise --max-pad-length "
                "(PADFLEET_MAX_PAD_LENGTH) on all workers and writers",
            )
        if self.apart and self.ops[1] == self.port:
            yield (
                "ops_host",
                f"differs from --host, but the port is the same ({self.port}): give --ops-port "
                "another one",
            )
