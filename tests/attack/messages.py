"""Makes the messages that attacks send, as values."""

from __future__ import annotations

import secrets
from typing import Any

from padfleet.shared.easysync.base36 import numeral


def ready(pad: Any, **more: Any) -> dict[str, Any]:
    token = f"t.{secrets.token_hex(10)}"
    return {"component": "pad", "type": "CLIENT_READY", "padId": pad, "token": token, **more}


def collab(kind: str, **data: Any) -> dict[str, Any]:
    return {"type": "COLLABROOM", "component": "pad", "data": {"type": kind, **data}}


def insert(author: str, rev: Any, size: int, text: str) -> dict[str, Any]:
    """Returns an edit that puts a text without line ends at the beginning."""
    return collab(
        "USER_CHANGES",
        baseRev=rev,
        changeset=f"Z:{numeral(size)}>{numeral(len(text))}*0+{numeral(len(text))}${text}",
        apool={"numToAttrib": {"0": ["author", author]}, "nextNum": 1},
    )


def changeset_req(pad: str, start: Any, granularity: Any) -> dict[str, Any]:
    data = {"start": start, "granularity": granularity, "requestID": 1}
    return {"component": "pad", "type": "CHANGESET_REQ", "padId": pad, "data": data}
