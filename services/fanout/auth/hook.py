"""This module builds the question to the operator's service about a join, and reads the answer."""

import re
from collections.abc import Mapping
from typing import Any

from padfleet.services.fanout.auth.decision import (
    Denied,
    Grant,
    Reason,
    RequestedPad,
    author_of,
    color_of,
    may_write,
    moment,
    name_of,
)
from padfleet.shared.easysync import to_units
from padfleet.shared.wire import jsontext

_TRANSPORT = frozenset({"EIO", "transport", "t", "sid", "b64", "j"})
"""Engine.IO's own query parameters. `t` changes with each request, so that no question would ever
equal another if it were included."""

_SECRET = re.compile(
    r"auth|cookie|credential|jwt|key|passw|secret|session|signature|token", re.IGNORECASE
)
"""A query parameter whose name contains this is not passed on. If the service needs such a value,
it receives it as a cookie that the operator has named."""


MOST_VALUES = 1_000
"""How many values an answer may have; six of them are looked at."""


def question(
    wanted: RequestedPad, *, cookies: Mapping[str, str], address: str, query: Mapping[str, str]
) -> bytes:
    """Returns the body of the request, as JSON. The same facts always yield the same bytes."""
    facts = {
        "pad": to_units(wanted.pad_id),
        "requested": to_units(wanted.requested_id),
        "readOnly": wanted.read_only,
        "address": address,
        "cookies": dict(sorted(cookies.items())),
        "query": {name: query[name] for name in sorted(query) if _is_told(name)},
    }
    return jsontext.dumps(facts).encode()


def _is_told(name: str) -> bool:
    return name not in _TRANSPORT and not _SECRET.search(name)


def read_answer(body: bytes, *, max_lifetime: float, now: float) -> Grant | None:
    """Returns the grant, or None for a plain no; `now` is in Unix seconds, `max_lifetime` in
    seconds.

    Raises `Denied` for an invalid answer: whatever might be a yes or a no is a no.
    """
    try:
        said = jsontext.loads(body, most=MOST_VALUES)
    except ValueError as error:
        raise Denied(f"the hook's answer is not JSON: {error}", Reason.HOOK_FAILED) from None
    allow = said.get("allow") if isinstance(said, dict) else None
    if allow is False:
        return None
    if allow is not True:
        raise Denied('the hook\'s answer has no "allow": true or false', Reason.HOOK_FAILED)
    try:
        return _grant(said, max_lifetime, now)
    except Denied as error:
        raise Denied(f"the hook's answer: {error}", Reason.HOOK_FAILED) from None


def _grant(said: Mapping[str, Any], max_lifetime: float, now: float) -> Grant:
    expires = moment(said, "exp")
    if expires is not None and expires <= now:
        raise Denied("it had already expired when it arrived")
    # Unlike with a token, a longer time is not refused, since the service will be asked again.
    until = now + max_lifetime if expires is None else min(expires, now + max_lifetime)
    return Grant(
        author_of(said.get("author")), may_write(said), name_of(said), color_of(said), until
    )
