"""The settings of what one client may take of a worker. docs/limits.md gives their reasons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final
from urllib.parse import urlsplit

from padfleet.shared.settings.declare import setting
from padfleet.shared.settings.process import RedisProcessSettings

_HOST: Final = re.compile(r"\*|(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")


@dataclass(frozen=True, kw_only=True)
class LimitSettings(RedisProcessSettings):
    """Settings of limits."""

    max_sockets: int = setting(
        20_000,
        "sockets of this worker; more are sent elsewhere (503). 0: no limit",
        unit="sockets",
        minimum=0,
        maximum=10_000_000,
    )
    max_sockets_per_address: int = setting(
        0,
        "sockets of this worker from one address (429 for more). 0: no limit, for a school or a "
        "company may have one address for all",
        unit="sockets",
        minimum=0,
        maximum=10_000_000,
    )
    max_sessions_per_pad: int = setting(
        10_000,
        "sessions of this worker on one pad. 0: no limit",
        unit="sessions",
        minimum=0,
        maximum=10_000_000,
    )
    messages_per_second: int = setting(
        100,
        "messages of one socket, where 10 KB count as one more; ten times as many at once. A "
        "socket that sends more is read from more slowly",
        minimum=1,
        maximum=1_000_000,
    )
    commits_per_second: int = setting(
        20,
        "edits of one author on this worker; five times as many at once. More of them wait, for "
        "5 s at most; then the author is told rateLimited. (A page makes 2 at most)",
        minimum=1,
        maximum=1_000_000,
    )
    operations_per_second: int = setting(
        4_000,
        "operations of one author's edits on this worker, of edits that have more than a hundred "
        "or so; 25 times as many at once. More of them wait, for 10 s at most; then the author is "
        "told rateLimited. (A pasted text has one or two for each of its lines)",
        minimum=1_000,
        maximum=1_000_000_000,
    )
    joins_per_second: int = setting(
        2,
        "joins of one author on this worker, and of one socket; ten times as many at once. More of "
        "them wait, for 10 s at most",
        minimum=1,
        maximum=1_000_000,
    )
    new_pads_per_minute: int = setting(
        60,
        "pads that one author may make on this worker by opening them, and as many at once. More "
        "of them wait, for 10 s at most. 0: no limit",
        minimum=0,
        maximum=1_000_000,
    )
    new_pads_per_minute_per_address: int = setting(
        0,
        "the same for one address. 0: no limit, for a school or a company may have one address "
        "for all",
        minimum=0,
        maximum=1_000_000,
    )
    visitors_kept_ms: int = setting(
        2_592_000_000,
        "time that an author is kept who came by a browser and contributed nothing: no edit, chat "
        "message or saved revision, no name or colour of his own. It begins anew when he comes. "
        "0: for good",
        unit="ms",
        minimum=0,
        maximum=31_536_000_000,
    )
    chats_per_second: int = setting(
        2,
        "chat messages of one author on this worker; ten times as many at once. More are refused",
        minimum=1,
        maximum=1_000_000,
    )
    plugin_messages_per_second: int = setting(
        20,
        "plugins' messages of one author on this worker; three times as many at once. More are "
        "refused. (A plugin that shows others' cursors sends 10 or so)",
        minimum=1,
        maximum=1_000_000,
    )
    outgoing_bytes: int = setting(
        64 << 20,
        "what this worker keeps of pads of 64 KB and more that are on their way to who joins; one "
        "for which there is no room waits, for 10 s at most. Small pads do not wait for large "
        "ones. As much again there is for exports, and for answers of the HTTP API",
        unit="bytes",
        minimum=1_000_000,
        maximum=100_000_000_000,
    )
    imports_per_minute: int = setting(
        10,
        "files that one author may import on this worker, as many of them at once. Those whom the "
        "worker does not know yet, or who have no cookies, are one author for each address. More "
        "are refused (429)",
        minimum=1,
        maximum=1_000_000,
    )
    imports_per_minute_per_address: int = setting(
        60,
        "files that may be imported on this worker from one address, as many of them at once. More "
        "are refused (429)",
        minimum=1,
        maximum=1_000_000,
    )
    handshake_timeout_ms: int = setting(
        45_000,
        "time that a connection has from its beginning until it asks for a pad",
        unit="ms",
        minimum=1_000,
        maximum=3_600_000,
    )
    request_timeout_ms: int = setting(
        20_000,
        "time that an HTTP request may take to come in, headers and body each",
        unit="ms",
        minimum=100,
        maximum=3_600_000,
    )
    idle_timeout_ms: int = setting(
        900_000,
        "time that a socket may stay which is on no pad, for it was denied or told to leave",
        unit="ms",
        minimum=1_000,
        maximum=86_400_000,
    )
    trusted_proxies: tuple[str, ...] = setting(
        (),
        "addresses and networks (10.0.0.0/8) of the proxies in front, whose word is taken for the "
        "address of a client",
    )
    client_address_header: str = setting(
        "X-Forwarded-For", "header in which they say it, the nearest last"
    )
    hosts: tuple[str, ...] = setting(
        (),
        "names by which this fleet is called (pad.example.org, *.example.org), so that no foreign "
        "name that was made to lead here is answered; * for any. None: any, but on the same "
        "machine without a proxy only localhost and names without a dot. Addresses always count",
    )
    cors: tuple[str, ...] = setting(
        ("same",),
        "origins of pages that may connect: same is that of this worker, under whatever name it is "
        "reached; https://host for others; * for all, whose visitors come without their cookies",
    )

    def validate(self) -> Iterator[tuple[str, str]]:
        yield from super().validate()
        for network in self.trusted_proxies:
            try:
                ip_network(network, strict=False)
            except ValueError:
                yield "trusted_proxies", f"{network!r} is no address or network such as 10.0.0.0/8"
        for host in self.hosts:
            if not _HOST.fullmatch(host):
                yield (
                    "hosts",
                    f"{host!r} is no name: write pad.example.org without scheme and port, "
                    "*.example.org for all below it, or *",
                )
        for origin in self.cors:
            parts = urlsplit(origin)
            is_one = parts.scheme in ("http", "https") and parts.hostname and not parts.path
            if origin not in ("same", "*") and not is_one:
                yield "cors", f"{origin!r} is no origin: write https://host[:port], same or *"
        if not self.client_address_header:
            yield "client_address_header", "is empty: name the header, such as X-Forwarded-For"
