"""Tests that nothing that names a pad reaches people who have only its read-only link."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.services.fanout.hub.pad_metadata import PadMetadata
from padfleet.services.fanout.presence.secrecy import MOST_ESCAPES, Secret
from padfleet.services.fanout.transport.packets import Frame
from padfleet.shared.easysync import to_units
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.announcements import (
    Announcement,
    Relayed,
    RevisionSaved,
    Said,
    SettingsChanged,
)
from padfleet.shared.log.pad.chat import ChatMessage
from padfleet.shared.log.pad.options import normalised
from padfleet.shared.log.pad.saved import SavedRevision
from padfleet.shared.wire.jsontext import dumps

PAD = "Quartett Büro/4 😀"

WRITTEN: dict[str, str] = {
    "as it is": PAD,
    "in another case": PAD.upper(),
    "in a sentence": f"see {PAD}, please",
    "in an address": f"https://pad.example/p/{quote(PAD, safe='')}?x=1",
    "encoded twice": quote(quote(PAD, safe=""), safe=""),
    "as code units": to_units(PAD),
}


class Reader:
    """Reads the metadata of a pad that has nothing beside it yet."""

    def __init__(self) -> None:
        self.sent: list[Frame] = []
        self.writers_sent: list[Frame] = []
        nobody = cast(Redis, None)
        keys = Keyspace(1).pad(PAD)
        self.beside = PadMetadata(
            nobody, keys, Secret(PAD), self._tell, self._send_to_some, self._tell_apart
        )

    def _tell(self, news: Frame, *, but: str = "") -> None:
        self.sent.append(news)
        self.writers_sent.append(news)

    def _send_to_some(self, frame: Frame, to: Relayed) -> None:
        self.writers_sent.append(frame)
        if not to.writers:
            self.sent.append(frame)

    def _tell_apart(self, for_writers: Frame, for_readers: Frame) -> None:
        self.writers_sent.append(for_writers)
        self.sent.append(for_readers)

    def everything(self) -> str:
        """Returns what the reader was told and what a newcomer would be told now, decoded as on the
        page."""
        told = [json.loads(frame.payload.decode().lstrip("42")) for frame in self.sent]
        told.append(members(self.beside.variables_of_readers))
        return (
            json.dumps(told, ensure_ascii=False)
            .encode("utf-16", "surrogatepass")
            .decode("utf-16", "replace")
        )


def members(variables: bytes) -> Any:
    return json.loads(b"{%b}" % variables)


def relayed(data: Any, event: str = "message") -> Relayed:
    message = {"type": "COLLABROOM", "component": "pad", "data": data}
    return Relayed(event, dumps(message).encode())


def client_message(**payload: Any) -> Any:
    return {"type": "CLIENT_MESSAGE", "payload": payload}


def kinds(named: Any) -> Iterator[tuple[str, Announcement]]:
    """Yields every message that workers send each other, with `named` in one of its fields. What
    people write for others to read (a chat's text, names) belongs to them and is left out."""
    name = named if isinstance(named, str) else dumps(named)
    key = f"ep_{name}"
    for field in ("type", "payload", "padId", "anything", name):
        yield f"CUSTOM {field}", relayed({"type": "CUSTOM", field: named})
    yield "CUSTOM deep", relayed({"type": "CUSTOM", "payload": {"a": [1, {"b": named}]}})
    yield "a plugin's", relayed({"type": "ep_cursors", "at": {name: 1}})
    options: list[Any] = [
        {"lang": named},
        {"view": {"padFontFamily": named}},
        {"view": {name: True}},
        {"ep_mine": {"link": named}},
        {"ep_mine": [{name: 1}]},
        {key: 1},
        {name: 1},
        {"unknown": named},
    ]
    for number, option in enumerate(options):
        told = client_message(type="padoptions", options=option, changedBy="Ada")
        yield f"padoptions {number}", relayed(told)
        yield f"the settings {number}", SettingsChanged(normalised(option))
    told = client_message(type="padoptions", options={"showChat": False}, changedBy=named)
    yield "padoptions changedBy", relayed(told)
    for field in ("newName", "unnamedId", "more"):
        told = client_message(type="suggestUserName", **{field: named})
        yield f"suggestUserName {field}", relayed(told)
    shout = {"type": "shoutMessage", "payload": {"message": {"message": named}, "timestamp": 1}}
    yield "a shout", relayed(shout, "shout")
    yield "an API's message", relayed({"type": named, "time": 1})
    for extra in ({"padId": named}, {name: 1}, {"ep_x": {"deep": [named]}}):
        yield f"chat {list(extra)}", Said(ChatMessage(0, "a.b", 1, "hello", extra), "Ada")
    label = name[:100]
    yield "a saved revision", RevisionSaved(SavedRevision(1, "a.b", label, 1, "id"))


@pytest.mark.parametrize("way", WRITTEN)
def test_no_message_tells_a_reader_the_pads_id(way: str) -> None:
    for kind, announcement in kinds(WRITTEN[way]):
        reader = Reader()
        reader.beside.take(announcement)
        found = reader.everything().casefold()
        for written in (PAD, quote(PAD, safe=""), quote(quote(PAD, safe=""), safe="")):
            assert written.casefold() not in found, kind


def test_an_author_with_write_access_is_told_everything() -> None:
    for kind, announcement in kinds(PAD):
        reader = Reader()
        reader.beside.take(announcement)
        assert isinstance(announcement, SettingsChanged) or len(reader.writers_sent) == 1, kind


def test_readers_are_told_what_does_not_name_it() -> None:
    """This includes pads whose name is a word of the protocol."""
    for kind, announcement in kinds("nothing in particular"):
        reader = Reader()
        for pad in (PAD, "payload", "message", "changedBy"):
            reader.beside._secret = Secret(pad)
            before = len(reader.sent)
            reader.beside.chat_head, reader.beside.saved = -1, []
            reader.beside.take(copy.deepcopy(announcement))
            assert isinstance(announcement, SettingsChanged) or len(reader.sent) > before, kind
        reader.beside._secret = Secret(PAD)
        reader.beside.are_set(normalised({"lang": "de", "ep_mine": {"a": [1, "x"]}}))
        variables = members(reader.beside.variables_of_readers)
        assert variables["initialOptions"]["lang"] == "de"
        assert variables["initialOptions"]["ep_mine"] == {"a": [1, "x"]}
        assert variables["initialOptions"] == members(reader.beside.variables)["initialOptions"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@given(json_values, st.data())
def test_the_pads_name_is_found_wherever_it_is(value: Any, data: st.DataObject) -> None:
    planted = data.draw(st.sampled_from(sorted(WRITTEN)))

    def plant(into: Any) -> Any:
        """Puts the name at one place of a value, as deep as possible."""
        if isinstance(into, list):
            return [*into, WRITTEN[planted]] if not into else [plant(into[0]), *into[1:]]
        if isinstance(into, dict):
            if not into:
                return {WRITTEN[planted]: None}
            first = next(iter(into))
            return {**into, first: plant(into[first])}
        return WRITTEN[planted]

    secret = Secret(PAD)
    assert secret.is_named_in(plant(value))
    assert not secret.is_named_in(secret.without({"a": plant(value), "b": 1}))


def test_a_number_is_a_name_only_as_a_whole() -> None:
    secret = Secret("2024")
    assert secret.is_named_in({"x": 2024})
    assert secret.is_named_in({"x": "in 2024"})
    assert not secret.is_named_in({"timestamp": 1720243})


def test_what_would_take_long_to_decode_is_taken_to_name_the_pad() -> None:
    """A quarter of a megabyte of percent signs, in a pad's settings, held every worker that had the
    pad open for 160 ms, each time that they were changed."""
    secret = Secret(PAD)
    some, many = "%25" * MOST_ESCAPES, "%25" * (MOST_ESCAPES + 1)
    assert not secret.is_named_in({"ep_mine": some})
    assert secret.is_named_in({"ep_mine": many})
    assert secret.is_named_in(["%25"] * (MOST_ESCAPES + 1))
    parts = {f"ep_{number}": some for number in range(3)}
    settings = {**parts, "ep_short": {"a": 1}, "lang": "de", "view": {"padFontFamily": "%25"}}
    assert secret.settings(settings) == {
        "ep_short": {"a": 1},
        "lang": "de",
        "view": {"padFontFamily": ""},
    }
