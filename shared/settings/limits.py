"""This module has the settings that limit what one client may take of a worker. docs/limits.md
gives the reasons for them."""

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
        "maximum number of sockets of this worker; further ones are refused (503), so that a "
        "balancer sends them elsewhere. 0: no limit",
        unit="sockets",
        minimum=0,
        maximum=10_000_000,
    )
    max_sockets_per_address: int = setting(
        0,
        "maximum number of sockets of this worker from one address (429 for more). 0: no limit, "
        "since a school or company may have one address for everybody",
        unit="sockets",
        minimum=0,
        maximum=10_000_000,
    )
    max_sessions_per_pad: int = setting(
        10_000,
        "maximum number of sessions of this worker on one pad. 0: no limit",
        unit="sessions",
        minimum=0,
        maximum=10_000_000,
    )
    messages_per_second: int = setting(
        100,
        "messages per second of one socket, where every 10 KB count as one more, and so do every "
        "100 values of its JSON; ten times as many in a burst. A socket that sends more is read "
        "more slowly",
        minimum=1,
        maximum=1_000_000,
    )
    commits_per_second: int = setting(
        20,
        "edits per second of one author on this worker; five times as many in a burst. Further "
        "ones wait for up to 5 s, then the author is told rateLimited. (A page makes at most 2)",
        minimum=1,
        maximum=1_000_000,
    )
    operations_per_second: int = setting(
        4_000,
        "operations per second in one author's edits on this worker, counting only edits with "
        "more than about a hundred; 25 times as many in a burst. Further ones wait for up to 10 "
        "s, then the author is told rateLimited. (Pasted text has one or two per line)",
        minimum=1_000,
        maximum=1_000_000_000,
    )
    joins_per_second: int = setting(
        2,
        "joins per second of one author on this worker, and of one socket; ten times as many in a "
        "burst. Further ones wait for up to 10 s",
        minimum=1,
        maximum=1_000_000,
    )
    new_pads_per_minute: int = setting(
        60,
        "pads per minute that one author may create on this worker by opening them, or have "
        "fetched from the cold store; just as many in a burst. Further ones wait for up to 10 s. "
        "0: no limit",
        minimum=0,
        maximum=1_000_000,
    )
    new_pads_per_minute_per_address: int = setting(
        0,
        "the same for one address. 0: no limit, since a school or company may have one address "
        "for everybody",
        minimum=0,
        maximum=1_000_000,
    )
    visitors_kept_ms: int = setting(
        2_592_000_000,
        "time for which an author is remembered who came by a browser and contributed nothing: no "
        "edit, chat message or saved revision. It starts again at each visit. 0: forever",
        unit="ms",
        minimum=0,
        maximum=31_536_000_000,
    )
    chats_per_second: int = setting(
        2,
        "chat messages per second of one author on this worker; ten times as many in a burst. "
        "Further ones are refused",
        minimum=1,
        maximum=1_000_000,
    )
    plugin_messages_per_second: int = setting(
        20,
        "plugins' messages per second of one author on this worker; three times as many in a "
        "burst. Further ones are refused. (A plugin that shows others' cursors sends about 10)",
        minimum=1,
        maximum=1_000_000,
    )
    outgoing_bytes: int = setting(
        64 << 20,
        "maximum number of bytes, of pads of 64 KB and more, that this worker holds for people who "
        "are joining; a pad that does not fit waits for up to 10 s. Small pads do not wait for "
        "large ones. Exports may take as much again, and so may answers of the HTTP API",
        unit="bytes",
        minimum=1_000_000,
        maximum=100_000_000_000,
    )
    imports_per_minute: int = setting(
        10,
        "files per minute that one author may import on this worker; just as many in a burst. "
        "People whom the worker does not know yet, or who have no cookies, count as one author per "
        "address. Further ones are refused (429)",
        minimum=1,
        maximum=1_000_000,
    )
    imports_per_minute_per_address: int = setting(
        60,
        "files per minute that may be imported on this worker from one address; just as many in a "
        "burst. Further ones are refused (429)",
        minimum=1,
        maximum=1_000_000,
    )
    requests_per_second_per_address: int = setting(
        100,
        "HTTP requests per second of one address on this worker; thirty times as many in a burst. "
        "An export or import counts as ten, ten files of the page as one; sockets, health checks, "
        "calls of the API with its key, and requests from the same machine are not counted. "
        "Further ones are refused (429). 0: no limit",
        minimum=0,
        maximum=10_000_000,
    )
    handshake_timeout_ms: int = setting(
        45_000,
        "time that a new connection has until it asks for a pad",
        unit="ms",
        minimum=1_000,
        maximum=3_600_000,
    )
    request_timeout_ms: int = setting(
        20_000,
        "time that an HTTP request may take to arrive, for headers and for the body",
        unit="ms",
        minimum=100,
        maximum=3_600_000,
    )
    idle_timeout_ms: int = setting(
        900_000,
        "time for which a socket may stay open that is on no pad, because it was denied or told to "
        "leave",
        unit="ms",
        minimum=1_000,
        maximum=86_400_000,
    )
    trusted_proxies: tuple[str, ...] = setting(
        (),
        "addresses and networks (10.0.0.0/8) of the proxies in front of the workers, which are "
        "trusted to give the address of a client",
    )
    client_address_header: str = setting(
        "X-Forwarded-For", "header in which the proxies give that address, the nearest last"
    )
    hosts: tuple[str, ...] = setting(
        (),
        "host names of this fleet (pad.example.org, *.example.org); requests under other names are "
        "refused, which protects against foreign names that point here; * for any. None: any, but "
        "on the same machine without a proxy only localhost and names without a dot. Addresses "
        "are always accepted",
    )
    cors: tuple[str, ...] = setting(
        ("same",),
        "origins of pages that may connect: same is this worker's own, whatever name it is "
        "reached by; https://host for others; * for all, but without their visitors' cookies",
    )

    def validate(self) -> Iterator[tuple[str, str]]:
        yield from super().validate()
        for network in self.trusted_proxies:
            try:
                ip_network(network, strict=False)
            except ValueError:
                yield (
                    "trusted_proxies",
                    f"{network!r} is not an address or network such as 10.0.0.0/8",
                )
        for host in self.hosts:
            if not _HOST.fullmatch(host):
                yield (
                    "hosts",
                    f"{host!r} is not a host name: write pad.example.org without scheme and port, "
                    "*.example.org for all below it, or *",
                )
        for origin in self.cors:
            parts = urlsplit(origin)
            is_one = parts.scheme in ("http", "https") and parts.hostname and not parts.path
            if origin not in ("same", "*") and not is_one:
                yield "cors", f"{origin!r} is not an origin: write https://host[:port], same or *"
        if not self.client_address_header:
            yield "client_address_header", "is empty: name the header, such as X-Forwarded-For"
