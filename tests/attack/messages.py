"""Makes the messages that attacks send, as values."""

from __future__ import annotations

import secrets
from typing import Any


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
        changeset=f"Z:{base36(size)}>{base36(len(text))}*0+{base36(len(text))}${text}",
        apool={"numToAttrib": {"0": ["author", author]}, "nextNum": 1},
    )


def base36(number: int) -> str:
    digits = ""
    while True:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
        if not number:
            return digits


def changeset_req(pad: str, start: Any, granularity: Any) -> dict[str, Any]:
    data = {"start": start, "granularity": granularity, "requestID": 1}
    return {"component": "pad", "type": "CHANGESET_REQ", "padId": pad, "data": data}
