"""Tests the clients from npm, unchanged: each transport, the upgrade between them, the command
line."""

from __future__ import annotations

import http.client
import json
import re
import sys
from collections.abc import Callable, Sequence
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.easysync import to_units
from tests.acceptance.npm import (
    Client,
    Message,
    Npm,
    agree,
    borrow_npm,
    collab,
    each_transport,
    each_worker,
    new_pad,
    new_token,
    pool_of,
)
from tests.eventually import eventually_sync
from tests.fleet import Fleet

npm = pytest.fixture(borrow_npm)

UPGRADING = ("polling", "websocket")

PATIENT = """
import sys
from padfleet.__main__ import main
from padfleet.services.fanout.wiring import http
http.CLOSE_DEADLINE = 3600.0
sys.exit(main())
"""
"""padfleet with workers that wait for requests when they stop, however long those take."""


# --- Transports ----------------------------------------------------------------------------------


@each_worker
@each_transport
def test_each_transport_opens_and_closes(
    npm: Npm, fleet: Fleet, transports: Sequence[str], worker: int
) -> None:
    client = npm.open(fleet.urls[worker], transports=transports).join(new_pad())
    if len(transports) > 1:
        client.wait(lambda: client.all("upgrade") == ["websocket"], "the upgrade")
    client.type(0, 0, "typed ")
    assert agree([client]).startswith("typed ")
    assert client.all("disconnect") == []


@each_worker
@pytest.mark.parametrize("delay_ms", [3, 10, None])
def test_I3_typing_during_the_transport_upgrade_loses_nothing(
    npm: Npm, fleet: Fleet, worker: int, delay_ms: int | None
) -> None:
    """The page's sockets start on polling, and change over when a WebSocket has opened at last.
    The client types in the very tick in which CLIENT_VARS comes, and goes on until after that.
    Without a delay, the WebSocket opens once CLIENT_VARS is there, however long a join takes."""
    pad, token, at_once, after = new_pad(), new_token(), 30, 5
    release: Callable[[], None] | None = None
    if delay_ms is None:
        url, release = npm.held_upgrades(fleet.urls[worker])
    else:
        url = npm.slow_upgrades(fleet.urls[worker], delay_ms)
    reader = npm.open(fleet.urls[1 - worker]).join(pad)
    author = npm.open(fleet.urls[worker], embed="1").join(pad, token=token).author

    def edit(number: int) -> Message:
        changeset = reader.splice(0, 0, f"<{number}>")
        return collab("USER_CHANGES", baseRev=0, changeset=changeset, apool=pool_of(author))

    typist = npm.open(url, transports=UPGRADING)
    npm.order("on", typist.id, type="CLIENT_VARS", emit=[edit(n) for n in range(at_once)])
    typist.join(pad, token=token)
    if release is not None:
        typist.wait(lambda: typist.has_vars, "CLIENT_VARS")
        release()
    count, last = at_once, 0
    while not last or count < last:
        typist.say(edit(count))
        count += 1
        typist.some("ACCEPT_COMMIT", count - at_once)  # so that many are under way at any time
        if not last and typist.all("upgrade"):
            last = count + after

    accepted = typist.some("ACCEPT_COMMIT", count)
    assert [commit["newRev"] for commit in accepted] == list(range(1, count + 1))
    reader.wait(lambda: reader.copy.rev == count, "all edits")
    for number in range(count):
        assert reader.copy.text.count(f"<{number}>") == 1
    if release is not None:
        order = [value.get("type") if what == "message" else what for what, value in typist.events]
        assert order.index("CLIENT_VARS") < order.index("upgrade"), "it was there too early"


def test_I3_a_page_keeps_its_copy_right_while_its_transport_is_upgraded(
    npm: Npm, fleet: Fleet
) -> None:
    """Others type all the time while sockets that come by polling are upgraded."""
    pad = new_pad()
    steady = npm.open(fleet.urls[0]).join(pad)
    far = [npm.slow_upgrades(url, 10) for url in fleet.urls]
    pages = [npm.open(far[number % 2], transports=UPGRADING) for number in range(8)]
    for page in pages:
        page.ready(pad)

    def upgraded() -> bool:
        if steady.pump().settled:
            steady.type(0, 0, "x")
        return all(page.all("upgrade") and page.has_vars for page in pages)

    eventually_sync(upgraded, "all pages are on WebSockets", timeout=20)
    for page in pages:
        page.type(0, 0, "<y>")
    assert agree([steady, *pages]).count("<y>") == len(pages)


@each_transport
def test_I3_what_comes_in_pieces_is_taken_whole(
    npm: Npm, fleet: Fleet, transports: Sequence[str]
) -> None:
    """A request that is longer than a network packet reaches the server bit by bit, and a
    character may be cut in two on the way."""
    pad, paste = new_pad(), "pièce 😀\n" * 300
    url = npm.in_pieces(fleet.urls[0], 499)
    one = npm.open(url, transports=transports).join(pad)
    two = npm.open(fleet.urls[1], transports=transports).join(pad)
    one.type(0, 0, to_units(paste))
    assert agree([one, two]).startswith(to_units(paste))


# --- etherpad-cli-client -------------------------------------------------------------------------


def test_etherpad_cli_client_writes_and_reads_on_both_workers(npm: Npm, fleet: Fleet) -> None:
    """Version 3.0.5 puts no author on its inserts, which Etherpad has refused since 2.7. Here it is
    let in, and its text has its author's name like everybody's."""
    pad = new_pad()
    one, two = (npm.cli(f"{url}/p/{pad}") for url in fleet.urls)
    page = npm.open(fleet.urls[0]).join(pad)
    for client in (one, two):
        client.wait(lambda c=client: c.all("connected"), "connected")  # type: ignore[misc]

    npm.order("append", one.id, text="from one 😀\n")
    two.wait(lambda: "from one \ud83d\ude00\n" in contents(two), "two sees what one wrote")
    npm.order("append", two.id, text="from two\n")
    one.wait(lambda: "from two\n" in contents(one), "one sees what two wrote")
    for number in range(10):  # the first is in flight, the others are joined behind it
        npm.order("append", one.id, text=f"line {number}\n")
    two.wait(lambda: "line 9\n" in contents(two), "two sees all lines")

    page.wait(lambda: page.copy.text == contents(two), "the page has the same text")
    for change in page.heard("NEW_CHANGES"):
        assert ["author", change["author"]] in change["apool"]["numToAttrib"].values()
    page.type(0, 0, "and a page\n")
    for client in (one, two):
        client.wait(lambda c=client: contents(c).startswith("and a page\n"), "they see the page")  # type: ignore[misc]
        assert client.all("disconnect") == []


def contents(client: Client) -> str:
    """Returns the text of an etherpad-cli-client, which is notified when others have changed it."""
    changed = client.all("newContents")
    return str(changed[-1]["text"]) if changed else ""


def test_the_author_is_added_for_the_cli_client_only(npm: Npm, fleet: Fleet) -> None:
    """Any other client is held to Etherpad's rule."""
    pad = new_pad()
    page = npm.open(fleet.urls[0]).join(pad, protocolVersion=2, password=False)
    page.submit(page.splice(0, 0, "x").replace("*0", ""), apool={"numToAttrib": {}, "nextNum": 0})
    page.hears({"disconnect": "badChangeset"})


# --- What a browser and an orchestrator ask for --------------------------------------------------


def get(url: str, path: str, cookie: str = "") -> tuple[http.client.HTTPResponse, str]:
    where = urlsplit(url)
    assert where.hostname is not None
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=10)
    try:
        connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
        response = connection.getresponse()
        return response, response.read().decode()
    finally:
        connection.close()


@each_worker
def test_the_page_sets_a_token_that_is_the_same_author_everywhere(
    npm: Npm, fleet: Fleet, worker: int
) -> None:
    pad = new_pad()
    response, _ = get(fleet.urls[worker], f"/p/{pad}")
    assert response.status == 200
    token = SimpleCookie(response.getheader("Set-Cookie"))["token"]
    assert re.fullmatch(r"t\.[A-Za-z0-9_-]{20}", token.value)
    assert token["httponly"] is True
    assert token["path"] == "/"
    again, _ = get(fleet.urls[1 - worker], f"/p/{pad}", f"token={token.value}")
    assert again.getheader("Set-Cookie") is None, "who is known stays who he is"
    authors = {
        npm.open(url, cookie=f"token={token.value}", embed="1").join(pad).author
        for url in fleet.urls
    }
    assert len(authors) == 1


@each_worker
def test_health_and_metrics_answer(fleet: Fleet, worker: int) -> None:
    for path in ("/health/live", "/health/ready"):
        response, body = get(fleet.urls[worker], path)
        assert (response.status, json.loads(body)["status"]) == (200, "ok")
    response, body = get(fleet.ops_urls[worker], "/metrics")
    assert response.status == 200
    assert "padfleet_fanout_" in body


def test_a_worker_whose_polling_clients_have_left_stops_at_once(npm: Npm, tmp_path: Path) -> None:
    """A client that leaves breaks its poll off. The worker must not wait for that poll's end, which
    is minutes away here."""
    with (
        EmbeddedServer(tmp_path / "redis", extra_args=("--appendfsync", "no")) as server,
        Fleet(server.url, tmp_path, {"PADFLEET_PING_INTERVAL_MS": "300000"}) as fleet,
    ):
        (worker,) = fleet.start(workers=1, launcher=(sys.executable, "-c", PATIENT)).workers
        client = npm.open(worker.url, transports=["polling"]).join(new_pad())
        client.close()
        eventually_sync(lambda: worker.metric("padfleet_fanout_sockets") == 0, "it has left")
        worker.process.terminate()
        assert worker.process.wait(timeout=60) == 0
