"""Tests docs/takeover.md step by step, with a real Etherpad on MariaDB and people who write on
it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.acceptance.test_etherpad_database import told
from tests.etherpad import KEY as THERE
from tests.etherpad import needs_checkout, with_database
from tests.fleet import Fleet, fleet_of_its_own
from tests.guest import Guest
from tests.integration.api.caller import KEY, Caller
from tests.integration.api.databases import mysql
from tests.nginx import nginx, serving
from tests.processes import free_ports
from tests.tools import padfleet

pytestmark = [needs_checkout, pytest.mark.timeout(600)]


async def typed(fleet: Fleet, *words: str) -> str:
    """Runs a command of the page, and returns its output. Raises AssertionError if its exit code is
    not 0."""
    ended = await padfleet(fleet.redis_url, *words)
    said = ended.out + ended.err
    assert ended.code == 0, f"{words}:\n{said}"
    return said


@contextmanager
def proxy(folder: Path, fleet: Fleet, etherpad: str) -> Iterator[str]:
    """Runs nginx-etherpad.conf, directed to the fleet."""
    (port,) = free_ports(1)
    workers = [int(url.rpartition(":")[2]) for url in fleet.urls]
    folder.mkdir()
    with serving(nginx(folder, port, workers, etherpad.removeprefix("http://")), port) as url:
        yield url


async def test_an_etherpad_is_taken_over_and_given_back(tmp_path: Path) -> None:
    settings = {"PADFLEET_API_KEY": KEY, "PADFLEET_PARTITIONS": "4"}
    etherpad = tmp_path / "etherpad"
    etherpad.mkdir()
    with mysql() as database, fleet_of_its_own(tmp_path / "fleet", settings) as fleet:
        # 1. and 2., while people write.
        with with_database(etherpad, database) as url:
            said = await typed(fleet, "doctor", "--etherpad", str(etherpad / "settings.json"))
            assert re.search(r"padfleet import mysql://", said), said
            async with Caller(url, key=THERE, ours=False) as there:
                author = (await there.createAuthor(name="Ö"))["authorID"]
                for pad in ("minutes", "Räume 😀", "quiet"):
                    await there.createPad(padID=pad, text=f"{pad}\n", authorId=author)
                    for number in range(12):
                        await there.appendText(padID=pad, text=f"w{number} ", authorId=author)
                group = (await there.createGroup())["groupID"]
                grouped = (await there.createGroupPad(groupID=group, padName="in", text="in"))[
                    "padID"
                ]
                said = await typed(fleet, "import", database, "--dry-run")
                assert "4 pads" in said, said
                await typed(fleet, "import", database)
                await there.appendText(padID="minutes", text="written meanwhile ")
            await typed(fleet, "import", database, "--update")
            await typed(fleet, "verify")

        # 3. It is stopped; once more; the proxy is turned; it is started again, for its pages.
        await typed(fleet, "import", database, "--update")
        with (
            with_database(etherpad, database) as url,
            proxy(tmp_path / "proxy", fleet, url) as door,
        ):
            async with aiohttp.ClientSession() as http:
                async with http.get(f"{door}/p/minutes") as answer:
                    page = await answer.text()
                    assert answer.status == 200
                async with http.get(f"{url}/p/minutes") as answer:
                    assert re.sub(r"\d+", "", page) == re.sub(r"\d+", "", await answer.text())
            async with Guest(door) as guest:
                await guest.join("minutes")
                text = guest.vars["collab_client_vars"]["initialAttributedText"]["text"]
                assert "written meanwhile" in text
                assert await guest.write("typed on the fleet\n") is None
            async with Caller(door) as here, Caller(url, key=THERE, ours=False) as there:
                assert "typed on the fleet" in (await here.getText(padID="minutes"))["text"]
                assert "typed on the fleet" in (await here.export("minutes", "txt")).decode()
                await here.createPad(padID="new", text="made on the fleet\n")
                assert (await here.listPads(groupID=group))["padIDs"] == [grouped]
                assert (await here.getAuthorName(authorID=author)) == "Ö"
                assert "typed on" not in (await there.getText(padID="minutes"))["text"]
                assert "new" not in (await there.listAllPads())["padIDs"]

        # Back: it gets what it has not, and the proxy is turned to it again.
        with with_database(etherpad, database) as url:
            key = etherpad / "APIKEY.txt"
            back = ("export", "--to", url, "--api-key-file", str(key))
            said = await typed(fleet, *back)
            assert "2 pads given back, 3 were there already, 0 failed" in said, said
            async with Caller(url, key=THERE, ours=False) as there, Caller(fleet.urls[0]) as here:
                pads = sorted((await here.listAllPads())["padIDs"])
                assert pads == sorted((await there.listAllPads())["padIDs"])
                for pad in pads:
                    ours, theirs = await told(here, pad), await told(there, pad)
                    # That belongs to no file: the page says so.
                    del ours["getReadOnlyID"], theirs["getReadOnlyID"]
                    assert theirs == ours, pad
