"""Negotiates permessage-deflate in a handshake (RFC 7692, 7.1). Pure: no I/O.

Our messages may refer to earlier ones, which is the whole gain; those of clients may not, so that
nothing has to be kept for them. An offer that requires otherwise, or a window smaller than ours, is
declined.
"""

import re
from collections.abc import Iterable, Iterator

from padfleet.services.fanout.transport.deflate import WINDOW_BITS

NAME = "permessage-deflate"

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_NAME = re.compile(rf"[ \t]*({_WORD})[ \t]*")
_PARAMETER = re.compile(rf';[ \t]*({_WORD})[ \t]*(?:=[ \t]*(?:({_WORD})|"({_WORD})")[ \t]*)?')
_BITS = re.compile("[89]|1[0-5]")


def negotiate(headers: Iterable[str]) -> str | None:
    """Returns the answer to these values of `Sec-WebSocket-Extensions`, or None if the client
    offers nothing that can be accepted, and gets no compression.

    Of several offers, the first acceptable one is taken (5.1). One that we do not understand is
    declined without an error: the connection goes on as if it had not been made.
    """
    for header in headers:
        for parameters in _offers(header):
            if (accepted := _accepted(parameters)) is not None:
                return accepted
    return None


def _offers(header: str) -> Iterator[list[tuple[str, str | None]]]:
    """Yields the parameters of each offer of permessage-deflate, up to the first part that cannot
    be read."""
    at = 0
    while (name := _NAME.match(header, at)) is not None:
        at = name.end()
        parameters: list[tuple[str, str | None]] = []
        while (found := _PARAMETER.match(header, at)) is not None:
            parameters.append((found[1].lower(), found[2] or found[3]))
            at = found.end()
        if header[at : at + 1] not in ("", ","):
            return
        if name[1].lower() == NAME:
            yield parameters
        at += 1


def _accepted(parameters: list[tuple[str, str | None]]) -> str | None:
    """Returns the answer to one offer, or None if it cannot be accepted."""
    answer = f"{NAME}; client_no_context_takeover"
    if len({name for name, _ in parameters}) != len(parameters):
        return None
    for name, value in parameters:
        match name:
            case "client_no_context_takeover" if value is None:
                pass
            case "client_max_window_bits" if value is None or _BITS.fullmatch(value):
                pass
            case "server_max_window_bits" if value is not None and _BITS.fullmatch(value):
                if int(value) < WINDOW_BITS:
                    return None
                answer += f"; server_max_window_bits={WINDOW_BITS}"
            case _:  # such as server_no_context_takeover: our messages refer to earlier ones
                return None
    return answer
