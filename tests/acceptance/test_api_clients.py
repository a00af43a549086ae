"""Clients of Etherpad's HTTP API as they are published, against a live fleet: npm's
etherpad-lite-client, and from PyPI etherpad-lite and etherpump.

Those from PyPI are years old and want old libraries, so each has an environment of its own, which
is made for the test; where that cannot be (no index to be reached, or too new a Python), the tests
are skipped and say so. (etherdump, from which etherpump comes, is on no index.)
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests import node
from tests.acceptance.npm import FOLDER, new_pad
from tests.fleet import Fleet, fleet_of_its_own
from tests.integration.api.caller import KEY, Caller

ETHERPAD_LITE = ("etherpad-lite==0.5",)
ETHERPUMP = ("etherpump==0.0.20", "markupsafe<2.1")

INSTALL_S = 60


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("clients")
    settings = {"PADFLEET_PARTITIONS": "4", "PADFLEET_API_KEY": KEY}
    with fleet_of_its_own(folder, settings, writers=1, workers=1) as running:
        yield running


def environment(folder: Path, packages: tuple[str, ...]) -> Path:
    """Returns the folder of programs of a new environment with these packages."""
    place = folder / "environment"
    # By the pip that is here: to put another into each environment takes as long as all the rest.
    pip = [sys.executable, "-m", "pip", "--python", str(place), "--disable-pip-version-check"]
    install = [*pip, "install", "--quiet", "--retries", "0", "--no-compile", *packages]
    for words in ([sys.executable, "-m", "venv", "--without-pip", str(place)], install):
        try:
            subprocess.run(words, check=True, capture_output=True, text=True, timeout=INSTALL_S)
        except subprocess.TimeoutExpired:
            pytest.skip(f"{packages[0]} cannot be installed here: it takes too long")
        except subprocess.CalledProcessError as error:
            why = (error.stderr.strip().splitlines() or ["no reason is given"])[-1]
            pytest.skip(f"{packages[0]} cannot be installed here: {why}")
    return place / "bin"


def ran(words: list[Any], folder: Path) -> str:
    ended = subprocess.run(
        words, cwd=folder, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )
    assert ended.returncode == 0, ended
    return ended.stdout


# --- npm -----------------------------------------------------------------------------------------


def test_the_client_from_npm_makes_and_reads_a_pad(fleet: Fleet) -> None:
    node.require(FOLDER)
    if not (FOLDER / "node_modules" / "etherpad-lite-client").is_dir():
        pytest.skip("etherpad-lite-client is not installed: make setup")
    where, pad = urlsplit(fleet.urls[0]), new_pad()
    words = ["node", FOLDER / "api.mjs", where.hostname, str(where.port), KEY, pad]
    said = json.loads(ran(words, FOLDER))
    assert said["checkToken"]["data"]["code"] == 0
    assert "data" in said["createPad"]
    assert said["again"]["error"] == {"code": 1, "message": "padID does already exist"}
    group, author = said["group"]["data"]["groupID"], said["author"]["data"]["authorID"]
    assert said["listPads"]["data"] == {"padIDs": [f"{group}${pad}"]}
    ((session, info),) = said["sessions"]["data"].items()
    assert said["session"]["data"] == {"sessionID": session}
    assert (info["groupID"], info["authorID"]) == (group, author)
    assert said["getText"]["data"] == {"text": "other\n"}
    assert '<span class="removed">hello</span>' in said["createDiffHTML"]["data"]["html"]
    assert said["getRevisionsCount"]["data"] == {"revisions": 1}
    assert said["gone"]["error"] == {"code": 1, "message": "padID does not exist"}


# --- PyPI ----------------------------------------------------------------------------------------

PYTHON = """
import json, sys
from etherpad_lite import EtherpadException, EtherpadLiteClient

url, key, pad = sys.argv[1:]
api = EtherpadLiteClient(base_params={"apikey": key}, base_url=url, api_version="1.2.14")
said = {"made": api.createPad(padID=pad, text="h\\u00e9llo")}
try:
    api.createPad(padID=pad)
except EtherpadException as error:
    said["again"] = str(error)
said["text"] = api.getText(padID=pad)
api.appendText(padID=pad, text=" more")
said["html"] = api.getHTML(padID=pad)
said["changes"] = api.createDiffHTML(padID=pad, startRev="0", endRev="1")
said["pads"] = api.listAllPads()
group = api.createGroup()["groupID"]
said["sessions"] = api.listSessionsOfGroup(groupID=group)
print(json.dumps(said))
"""


def test_etherpad_lite_from_pypi_makes_and_reads_a_pad(fleet: Fleet, tmp_path: Path) -> None:
    programs = environment(tmp_path, ETHERPAD_LITE)
    pad = new_pad()
    words = [programs / "python", "-c", PYTHON, f"{fleet.urls[0]}/api", KEY, pad]
    said = json.loads(ran(words, tmp_path))
    assert said["again"] == "padID does already exist"
    assert said["text"] == {"text": "héllo\n"}
    assert "h&#233;llo more" in said["html"]["html"]
    assert said["changes"]["html"].partition("</style>")[2].startswith("h&#233;llo<span class=")
    assert pad in said["pads"]["padIDs"]
    assert said["sessions"] is None


@pytest.mark.thorough
async def test_etherpump_fetches_all_pads_and_later_those_that_have_changed(
    fleet: Fleet, tmp_path: Path
) -> None:
    """etherpump makes a folder of all pads, and continues with those that have changed since."""
    etherpump = environment(tmp_path, ETHERPUMP) / "etherpump"
    pad = new_pad()
    async with Caller(fleet.urls[0]) as api:
        author = (await api.createAuthor(name="Ada"))["authorID"]
        await api.createPad(padID=pad, text="first", authorId=author)
        await api.appendText(padID=pad, text=" second", authorId=author)
        group = (await api.createGroup())["groupID"]
        grouped = (await api.createGroupPad(groupID=group, padName="notes", text="x"))["padID"]
        await api.appendText(padID=grouped, text="y")
        ran([etherpump, "init", "--padurl", fleet.urls[0], "--apikey", KEY], tmp_path)
        assert {pad, grouped} <= set(ran([etherpump, "list"], tmp_path).split())
        assert ran([etherpump, "gettext", pad], tmp_path).strip() == "first second"
        assert ran([etherpump, "revisionscount", pad], tmp_path).strip() == "1"
        differs = ran([etherpump, "creatediffhtml", pad], tmp_path)
        assert re.search(r"first<span class=\"author[^\"]+\"> second</span>", differs)
        pull = [etherpump, "pull", "--all", "--pub", "pads", "--group", "groups"]
        # It makes no folders for groups itself, here as with an Etherpad.
        (tmp_path / "groups" / group.removeprefix("g.")).mkdir(parents=True)
        ran(pull, tmp_path)
        files = {file.name: file for file in (tmp_path / "pads").iterdir()}
        assert files[f"{pad}.raw.txt"].read_text().strip() == "first second"
        assert " second</span>" in files[f"{pad}.diff.html"].read_text()
        meta = json.loads(files[f"{pad}.meta.json"].read_text())
        assert (meta["padid"], meta["revisions"]) == (pad, 1)
        assert list((tmp_path / "groups").rglob("*.raw.txt"))
        await api.appendText(padID=pad, text=" third")
        ran(pull, tmp_path)
    assert files[f"{pad}.raw.txt"].read_text().strip() == "first second third"
