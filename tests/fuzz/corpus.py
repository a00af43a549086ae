"""Provides what the mutations begin with: messages that Etherpad and its clients really exchanged,
if the recordings are there, and otherwise examples of each kind from our own tests.

The recordings lie beside the repository, like the changeset vectors. Without them the cases are
different, so a seed means the same only where the same files are.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from padfleet.shared.easysync import to_units
from padfleet.shared.wire.jsontext import dumps, loads

BESIDE = Path(__file__).resolve().parents[3] / "shared"
RECORDINGS = BESIDE / "wire" / "etherpad-session.jsonl"
VECTORS = BESIDE / "easysync" / "vectors.jsonl"

PAD_TEXT = to_units("hello\nwörld 😀\n* item\n\n")
AUTHOR = "a.AAAAAAAAAAAAAAAA"
OTHER = "a.BBBBBBBBBBBBBBBB"

_POOL = {"numToAttrib": {"0": ["author", AUTHOR], "1": ["bold", "true"]}, "nextNum": 2}


def _collab(kind: str, **data: Any) -> dict[str, Any]:
    return {"type": "COLLABROOM", "component": "pad", "data": {"type": kind, **data}}


def _ready(**more: Any) -> dict[str, Any]:
    said = {"component": "pad", "type": "CLIENT_READY", "padId": "fuzzed", "token": "t.abcdef"}
    return {**said, **more}


MESSAGES: list[dict[str, Any]] = [
    _ready(),
    _ready(userInfo={"colorId": "#aabbcc", "name": "Ada"}, supports=["NEW_CHANGES_BATCH"]),
    _ready(reconnect=True, client_rev=0),
    _ready(protocolVersion=2, password=None, sessionID="null"),
    _collab("USER_CHANGES", baseRev=0, changeset="Z:7>1*0+1$x", apool=_POOL),
    _collab(
        "USER_CHANGES", baseRev=3, changeset="Z:7<1-1$", apool={"numToAttrib": {}, "nextNum": 0}
    ),
    _collab("USERINFO_UPDATE", userInfo={"userId": AUTHOR, "name": "Ada", "colorId": "#123456"}),
    _collab("PAD_DELETE", data={"padId": "somewhere-else"}),
    _collab("CHAT_MESSAGE", message={"text": "hi", "authorId": AUTHOR}),
    _collab("GET_CHAT_MESSAGES", start=0, end=99),
    _collab(
        "CLIENT_MESSAGE", payload={"type": "suggestUserName", "unnamedId": "x", "newName": "y"}
    ),
    {
        "type": "CHANGESET_REQ",
        "component": "pad",
        "padId": "fuzzed",
        "data": {"start": 0, "granularity": 1, "requestID": 1},
    },
    {"type": "SAVE_REVISION", "component": "pad"},
    _collab("SAVE_REVISION"),
    _collab(
        "CLIENT_MESSAGE",
        payload={"type": "padoptions", "options": {"view": {}, "ep_x": 1}, "changedBy": "Ada"},
    ),
    _collab("CHAT_MESSAGE", message={"text": "hi", "customMetadata": {"x": [1]}}),
    _collab("CUSTOM", payload={"action": "cursor"}),
    _collab("PAD_DELETE", data={"padId": "fuzzed", "deletionToken": "x"}),
]


@cache
def recorded() -> tuple[Any, ...]:
    """Returns what clients sent in the recordings, as arguments of Socket.IO events."""
    if not RECORDINGS.exists():
        return ()
    found = []
    for line in RECORDINGS.read_text().splitlines():
        step = json.loads(line)
        if step.get("dir") == "c2s" and step.get("sio") == "EVENT":
            found.append(loads(json.dumps(step["payload"])))
    return tuple(found)


@cache
def event_texts() -> tuple[str, ...]:
    """Returns packets with events, as they are sent over a WebSocket."""
    texts = [f"42{dumps(['message', message])}" for message in MESSAGES]
    texts += [f"427{dumps(['message', message])}" for message in MESSAGES[:3]]
    texts += [f"42{dumps(arguments)}" for arguments in recorded()]
    return tuple(sorted({text for text in texts if len(text) < 4000}))


@cache
def packet_texts() -> tuple[str, ...]:
    """Returns Engine.IO packets of all kinds."""
    return (
        *event_texts(),
        "2probe",
        "3probe",
        "5",
        "6",
        "1",
        "3",
        "2",
        '0{"sid":"abc","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000}',
        "40",
        '40{"token":"x"}',
        '40{"sid":"abc"}',
        "40/other,",
        "41",
        "41/other,{}",
        '430["ok"]',
        "4317[null]",
        '44{"message":"no"}',
        '451-["message",{"_placeholder":true,"num":0}]',
        '461-7[{"_placeholder":true,"num":3}]',
        "bAAECAwQ=",
    )


@cache
def changesets() -> tuple[str, ...]:
    found = ["Z:m>1*0+1$x", "Z:m<1-1$", "Z:m>2|1=6*0*1|1+2$a\n", "Z:m>0*1=5$", "Z:m>0$"]
    if VECTORS.exists():
        with VECTORS.open() as file:
            for line, _ in zip(file, range(1000), strict=False):
                held = json.loads(line).values()
                found += [to_units(value) for value in held if str(value).startswith("Z:")]
    return tuple(found)
