"""Tests that scanning a message without parsing it finds what a parser finds, whatever texts and
names the message contains."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from padfleet.services.tools.loadtest import scan
from padfleet.services.tools.loadtest.scan import (
    AcceptedFrame,
    Changes,
    MalformedFrame,
    OtherFrame,
    Scanner,
    TurnedAwayFrame,
    Vars,
)
from padfleet.shared.easysync.base36 import numeral
from padfleet.shared.wire.jsontext import dumps

LOOK_ALIKES = [
    '"newRev":7',
    '{"type":"NEW_CHANGES","newRev":99,"changeset":"Z:1>1',
    ',"currentTime":5}',
    '},{"type":"NEW_CHANGES","newRev":99,"changeset":"Z:1>1*0+1$x","currentTime":5}',
    '42["message",{"type":"COLLABROOM","data":{"type":"ACCEPT_COMMIT","newRev":3}}]',
    ',"newRev":4}}]',
    "\\",
    '\\"',
    "{",
    ",",
    "{\\",
    "\ud83d",
    "😀\n",
]

texts = st.one_of(
    st.sampled_from(LOOK_ALIKES),
    st.lists(st.sampled_from(LOOK_ALIKES), max_size=3).map("".join),
    st.text(max_size=12),
)


@st.composite
def changes(draw: st.DrawFn, rev: int, before: int) -> dict[str, Any]:
    """Draws the `data` of a NEW_CHANGES message."""
    after = draw(st.integers(1, 3000))
    sign = ">" if after >= before else "<"
    key, value, author = draw(texts), draw(texts), draw(texts)
    bank = draw(texts)
    return {
        "type": "NEW_CHANGES",
        "newRev": rev,
        "changeset": f"Z:{numeral(before)}{sign}{numeral(abs(after - before))}*0+1${bank}",
        "apool": {
            "numToAttrib": {"0": [key, value]},
            "attribToNum": {f"{key},{value}": 0},
            "nextNum": 1,
        },
        "author": author,
        "currentTime": draw(st.integers(0, 2**41)),
        "timeDelta": draw(st.integers(-10, 10**6)),
    }


def after(data: dict[str, Any]) -> int:
    """Returns the length that a change leaves, read with plain string methods."""
    header, more = data["changeset"][2:].split("*", 1)[0], 1
    if "<" in header:
        header, more = header.replace("<", ">"), -1
    before, change = header.split(">")
    return int(before, 36) + more * int(change, 36)


def packet(data: Any, ack: str = "", dump: Any = dumps) -> bytes:
    event = ["message", {"type": "COLLABROOM", "data": data}]
    return f"42{ack}{dump(event)}".encode()


def shuffled(value: Any) -> str:
    """Writes the keys in another order and with blanks between them, as other servers may."""

    def turned(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: turned(part[key]) for key in reversed(part)}
        return [turned(item) for item in part] if isinstance(part, list) else part

    return json.dumps(turned(value))


@given(st.data(), st.integers(0, 5), st.booleans(), st.sampled_from(["", "0", "17"]))
def test_changes_are_read_as_a_parser_would(
    data: st.DataObject, more: int, batch: bool, ack: str
) -> None:
    run = [data.draw(changes(5, 40))]
    for number in range(more if batch else 0):
        run.append(data.draw(changes(6 + number, after(run[-1]))))
    message = {"type": "NEW_CHANGES_BATCH", "changes": run} if batch else run[0]
    times: dict[int, int] = {}
    for change in run:
        times[change["currentTime"]] = times.get(change["currentTime"], 0) + 1
    expected = Changes(
        first=5,
        last=4 + len(run),
        before=40,
        after=after(run[-1]),
        revisions=len(run),
        times=list(times.items()),
        ack_id=int(ack) if ack else None,
    )
    assert scan.read(packet(message, ack)) == expected
    assert scan.read(packet(message, ack, shuffled)) == expected


def test_the_usual_form_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """If everything were parsed, the test above would prove nothing."""

    def fail(_message: bytes) -> scan.Heard:
        raise AssertionError("parsed")

    monkeypatch.setattr(scan, "_parsed", fail)
    change = {
        "type": "NEW_CHANGES",
        "newRev": 8,
        "changeset": "Z:a<2-2$",
        "apool": {"numToAttrib": {}, "attribToNum": {}, "nextNum": 0},
        "author": "a.x",
        "currentTime": 70,
        "timeDelta": 1,
    }
    assert scan.read(packet(change)) == Changes(8, 8, 10, 8, 1, [(70, 1)])
    batch = {"type": "NEW_CHANGES_BATCH", "changes": [change]}
    assert scan.read(packet(batch, "3")) == Changes(8, 8, 10, 8, 1, [(70, 1)], ack_id=3)
    assert scan.read(packet({"type": "ACCEPT_COMMIT", "newRev": 9})) == AcceptedFrame(9)
    assert scan.read(packet({"type": "USER_NEWINFO", "userInfo": {"name": ',"newRev":9}}]'}})) == (
        OtherFrame()
    )


@given(texts, texts)
@example(',"newRev":4}}]', "")
def test_other_messages_are_not_taken_for_changes(name: str, text: str) -> None:
    info = {"type": "USER_NEWINFO", "userInfo": {"name": name, "userId": text, "colorId": 1}}
    assert scan.read(packet(info)) == OtherFrame()
    chat = {"type": "CHAT_MESSAGE", "message": {"text": text, "userName": name}}
    assert scan.read(packet(chat)) == OtherFrame()


def test_a_batch_of_which_one_is_written_in_another_order() -> None:
    def change(rev: int, before: str) -> dict[str, Any]:
        changeset = f"Z:{before}>1+1$x"
        return {"type": "NEW_CHANGES", "newRev": rev, "changeset": changeset, "currentTime": 1}

    odd = {"newRev": 2, "currentTime": 1, "changeset": "Z:2>1+1$x", "type": "NEW_CHANGES"}
    batch = {"type": "NEW_CHANGES_BATCH", "changes": [change(1, "1"), odd, change(3, "3")]}
    assert scan.read(packet(batch)) == Changes(1, 3, 1, 4, 3, [(1, 3)])


def test_a_batch_that_does_not_hang_together() -> None:
    def change(rev: int, changeset: str) -> dict[str, Any]:
        return {"type": "NEW_CHANGES", "newRev": rev, "changeset": changeset, "currentTime": 1}

    def broken(*run: dict[str, Any]) -> str | None:
        heard = scan.read(packet({"type": "NEW_CHANGES_BATCH", "changes": run}))
        assert isinstance(heard, Changes)
        return heard.broken

    assert broken(change(1, "Z:1>1+1$x"), change(2, "Z:2>1+1$x")) is None
    assert "revision 3 after revision 1" in str(
        broken(change(1, "Z:1>1+1$x"), change(3, "Z:2>1+1$x"))
    )
    assert "on 7 characters, not 2" in str(broken(change(1, "Z:1>1+1$x"), change(2, "Z:7>1+1$x")))


VARS = {
    "type": "CLIENT_VARS",
    "data": {
        "userId": "a.me",
        "readonly": False,
        "collab_client_vars": {"rev": 4, "initialAttributedText": {"text": "😀x\n"}},
    },
}


def test_what_else_a_server_says() -> None:
    def event(value: Any) -> bytes:
        return f"42{dumps(['message', value])}".encode()

    # 😀 is two UTF-16 code units.
    assert scan.read(event(VARS)) == Vars("a.me", 4, 4, 3)
    assert scan.read(event({"disconnect": "userdup"})) == TurnedAwayFrame("userdup")
    assert scan.read(event({"accessStatus": "deny"})) == TurnedAwayFrame("access: deny")
    assert scan.read(b'44{"message":"no"}') == TurnedAwayFrame("refused: no")
    assert scan.read(b"41") == TurnedAwayFrame("closed")
    assert scan.read(b"2") == scan.PingFrame("")
    assert scan.read(b'40{"sid":"x"}') == scan.ConnectedFrame()
    opened = b'0{"sid":"x","pingInterval":25000,"pingTimeout":20000,"upgrades":[]}'
    assert scan.read(opened) == scan.Opened()
    assert scan.read(b'42["shout",{}]') == OtherFrame()


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"hello",
        b"42[",
        b'42["message",{"type":"COLLABROOM","data":{"type":"NEW_CHANGES","newRev":"x"}}]',
        b'42["message",{"type":"COLLABROOM","data":{"type":"NEW_CHANGES_BATCH","changes":[]}}]',
        b'42["message",{"type":"COLLABROOM","data":{"type":"ACCEPT_COMMIT"}}]',
        b'42["message",{"type":"COLLABROOM","data":{"type":"ACCEPT_COMMIT","newRev":true}}]',
        b'42["message",{"type":"CLIENT_VARS","data":{}}]',
        b"\xff\xfe",
    ],
)
def test_nonsense_is_said_to_be_nonsense(message: bytes) -> None:
    assert isinstance(scan.read(message), MalformedFrame)


def test_each_distinct_message_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[bytes] = []

    def read(message: bytes) -> scan.Heard:
        calls.append(message)
        return OtherFrame()

    monkeypatch.setattr(scan, "read", read)
    monkeypatch.setattr(scan, "MEMO_SIZE", 3)
    scanner = Scanner()
    for message in (b"a", b"b", b"a", b"c", b"b", b"d", b"a"):
        assert scanner.read(message) == OtherFrame()
    assert calls == [b"a", b"b", b"c", b"d", b"a"]
