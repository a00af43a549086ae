"""Tests that a reader by the read-only link does not learn the pad's id from what others put into
its settings."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fleet import Fleet, fleet_of_its_own
from tests.guest import Guest


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with fleet_of_its_own(
        tmp_path, {"PADFLEET_PLUGIN_MESSAGES": "ep_cursors"}, workers=2
    ) as running:
        yield running


async def test_settings_and_plugins_that_name_the_pad_are_kept_from_readers(fleet: Fleet) -> None:
    pad = f"secret{secrets.token_hex(6)}"
    async with Guest(fleet.urls[0]) as ada, Guest(fleet.urls[1]) as reader:
        await ada.join(pad)
        read_only = ada.vars["readOnlyId"]
        await reader.join(read_only)
        options: list[dict[str, Any]] = [
            {"lang": pad},
            {"view": {"padFontFamily": pad}},
            {"ep_mine": {"home": f"/p/{pad}"}},
            {f"ep_{pad}": 1},
            {"anything": pad},
        ]
        for changed in options:
            payload = {"type": "padoptions", "options": changed, "changedBy": "Ada"}
            assert await ada.collab("CLIENT_MESSAGE", payload=payload) is None
        payload = {"type": "padoptions", "options": {}, "changedBy": pad}
        assert await ada.collab("CLIENT_MESSAGE", payload=payload) is None
        assert await ada.collab("ep_cursors", room=pad) is None
        said = {"text": "that is all", "ep_room": pad, "ep_other": "kept"}
        assert await ada.collab("CHAT_MESSAGE", message=said) is None
        await reader.hears(lambda: reader.heard("CHAT_MESSAGE"), "what came last")
        await ada.hears(lambda: ada.heard("CHAT_MESSAGE"))
        assert ada.heard("CHAT_MESSAGE")[0]["message"]["ep_room"] == pad
        assert reader.heard("CHAT_MESSAGE")[0]["message"]["ep_other"] == "kept"
        async with Guest(fleet.urls[0]) as late, Guest(fleet.urls[0]) as writer:
            await late.join(read_only)
            await writer.join(pad)
            assert writer.vars["initialOptions"]["ep_mine"] == {"home": f"/p/{pad}"}
            for guest in (reader, late):
                assert pad not in json.dumps([guest.messages, guest.shouts, guest.vars])
