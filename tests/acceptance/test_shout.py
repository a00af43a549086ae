"""Tests `padfleet shout`, a notice for everybody who is there."""

from __future__ import annotations

from tests.acceptance.npm import new_pad
from tests.fleet import Fleet
from tests.guest import Guest
from tests.tools import padfleet


async def test_everybody_on_every_worker_sees_it_or_those_on_one_pad(fleet: Fleet) -> None:
    one, two = new_pad(), new_pad()
    async with Guest(fleet.urls[0]) as ada, Guest(fleet.urls[1]) as bob:
        await ada.join(one)
        await bob.join(two)
        async with Guest(fleet.urls[1]) as reader:
            await reader.join(ada.vars["readOnlyId"])
            ended = await padfleet(fleet.redis_url, "shout", "Back at noon 😀", "--sticky")
            assert ended.code == 0, ended.err
            assert "sessions on" in ended.out
            for guest in (ada, bob, reader):
                await guest.hears(lambda guest=guest: guest.shouts, "the notice")  # type: ignore[misc]
                (notice,) = guest.shouts
                assert (notice["type"], notice["data"]["type"]) == ("COLLABROOM", "shoutMessage")
                assert notice["data"]["payload"]["message"] == {
                    "message": "Back at noon 😀",
                    "sticky": True,
                }
                assert isinstance(notice["data"]["payload"]["timestamp"], int)
        ended = await padfleet(fleet.redis_url, "shout", "here", "--pad", one)
        await ada.hears(lambda: len(ada.shouts) == 2)
        ended = await padfleet(fleet.redis_url, "shout", "there", "--pad", two)
        await bob.hears(lambda: len(bob.shouts) == 2)
        assert bob.shouts[1]["data"]["payload"]["message"]["message"] == "there"
        ended = await padfleet(fleet.redis_url, "shout", " ")
        assert ended.code == 2
        assert "TEXT" in ended.err
