"""Hooks of an installed package, on one of two workers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.npm import new_pad
from tests.fleet import Fleet
from tests.guest import Guest
from tests.processes import free_ports
from tests.tools import padfleet

CODE = """
seen = []

def client_vars(visit):
    return {"ep_hooked": {"pad": visit.pad, "readOnly": visit.read_only}}

async def handle_message(visit, message):
    data = message.get("data")
    if isinstance(data, dict) and data.get("type") == "cursor":
        payload = {"action": "cursor", "author": visit.author, "at": data["at"]}
        await visit.tell(
            {"type": "COLLABROOM", "data": {"type": "CUSTOM", "payload": payload}},
            others_only=True,
        )
        return False
    if isinstance(data, dict) and data.get("type") == "USER_CHANGES" and "fault" in str(data):
        raise RuntimeError("a fault of the hook's")

def chat_message(visit, message):
    if message["text"] == "spam":
        return False
    message["text"] = message["text"].upper()

async def user_join(visit):
    visit.send({"type": "COLLABROOM", "data": {"type": "CUSTOM", "payload": "welcome"}})

async def user_leave(visit):
    await visit.tell({"type": "COLLABROOM", "data": {"type": "CUSTOM", "payload": "gone"}})
"""

HOOKS = ("client_vars", "handle_message", "chat_message", "user_join", "user_leave")


def install(folder: Path, entries: str) -> dict[str, str]:
    """Puts a package beside the installed ones, and returns the environment in which it is
    found."""
    (folder / "hooked.py").write_text(CODE)
    info = folder / "hooked-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hooked\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[padfleet.hooks]\n{entries}")
    return {"PYTHONPATH": str(folder)}


@pytest.fixture(scope="module")
def hooked(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A worker of the same fleet, with hooks."""
    folder = tmp_path_factory.mktemp("hooked")
    entries = "".join(f"{name} = hooked:{name}\n" for name in HOOKS)
    with Fleet(fleet.redis_url, folder, install(folder, entries)) as running:
        yield running.start(writers=0, workers=1).urls[0]


async def test_hooks_take_part(fleet: Fleet, hooked: str) -> None:
    pad = new_pad()
    async with Guest(fleet.urls[0]) as plain:
        await plain.join(pad)
        async with Guest(hooked) as ada:
            await ada.join(pad)
            assert ada.vars["ep_hooked"] == {"pad": pad, "readOnly": False}
            assert "ep_hooked" not in plain.vars
            await ada.hears(lambda: ada.heard("CUSTOM"))
            assert [m["payload"] for m in ada.heard("CUSTOM")] == ["welcome"]
            assert await ada.collab("cursor", at=[1, 2]) is None
            await plain.hears(lambda: plain.heard("CUSTOM"))
            (told,) = plain.heard("CUSTOM")
            assert told["payload"] == {
                "action": "cursor",
                "author": ada.vars["userId"],
                "at": [1, 2],
            }
            assert await ada.collab("CHAT_MESSAGE", message={"text": "spam"}) is None
            assert await ada.collab("CHAT_MESSAGE", message={"text": "hello"}) is None
            await plain.hears(lambda: plain.heard("CHAT_MESSAGE"))
            assert [m["message"]["text"] for m in plain.heard("CHAT_MESSAGE")] == ["HELLO"]
            assert await ada.write("fault, and yet written ") is None
            await plain.hears(lambda: plain.heard("NEW_CHANGES"))
        await plain.hears(lambda: [m["payload"] for m in plain.heard("CUSTOM")][1:] == ["gone"])


async def test_a_hook_that_does_not_exist_keeps_the_worker_from_starting(
    fleet: Fleet, tmp_path: Path
) -> None:
    environment = install(tmp_path, "chat_mesage = hooked:chat_message\n")
    port = free_ports(1)[0]
    ended = await padfleet(fleet.redis_url, "fanout", "--port", port, **environment)
    assert ended.code == 2
    assert "hook chat_mesage = 'hooked:chat_message' of hooked: there is no such hook" in (
        ended.err
    )
