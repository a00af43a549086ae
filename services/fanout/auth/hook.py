"""What the operator's service is asked about a join, and what its answers come to."""

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
"""Engine.IO's own query parameters. `t` is new with each request, so that with it no question
would ever be the same as another."""

_SECRET = re.compile(
    r"auth|cookie|credential|jwt|key|passw|secret|session|signature|token", re.IGNORECASE
)
"""In the name of a query parameter: it is not passed on. What the service shall know of these, it
gets as cookies, by name."""


def question(
    wanted: RequestedPad, *, cookies: Mapping[str, str], address: str, query: Mapping[str, str]
) -> bytes:
    """The body of the request: JSON, and the same bytes for the same facts."""
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
    """The grant, or None for a plain no; `now` in Unix seconds, `max_lifetime` in seconds.

    Raises `Denied` for what is no answer: where it might be either, it is a no.
    """
    try:
        said = jsontext.loads(body)
    except ValueError:
        raise Denied("the hook's answer is not JSON", Reason.HOOK_FAILED) from None
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
    # Longer is not refused, as it is of a token: the service will be asked again.
    until = now + max_lifetime if expires is None else min(expires, now + max_lifetime)
    return Grant(
        author_of(said.get("author")), may_write(said), name_of(said), color_of(said), until
    )
