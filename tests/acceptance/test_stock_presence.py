"""Tests who is who and who is there, as Etherpad's own Socket.IO client sees it, over all
workers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

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
)
from tests.fleet import Fleet

npm = pytest.fixture(borrow_npm)

same_or_other = pytest.mark.parametrize("second", [0, 1], ids=["same-worker", "other-worker"])


def update(client: Client, name: Any, color: Any) -> list[Message]:
    """Sends USERINFO_UPDATE as the page does, and returns the acknowledgement."""
    info = {"userId": client.author, "name": name, "ip": "127.0.0.1", "colorId": color}
    return client.ask(collab("USERINFO_UPDATE", userInfo=info))


def newinfo(client: Client, name: str | None = None, color: int | str | None = None) -> Message:
    """Returns the USER_NEWINFO that tells others about this client."""
    color = client.vars["userColor"] if color is None else color
    info = {"colorId": color, "name": name, "userId": client.author}
    return {"type": "COLLABROOM", "data": {"type": "USER_NEWINFO", "userInfo": info}}


def left(client: Client) -> Message:
    info = {"colorId": client.vars["userColor"], "userId": client.author}
    return {"type": "COLLABROOM", "data": {"type": "USER_LEAVE", "userInfo": info}}


def beyond(watcher: Client, other: Client) -> None:
    """Returns when everything that was sent to `watcher` before has come in: `other` renames
    itself, and that news takes the same way."""
    name = f"marker {new_token()}"
    update(other, name, "#000000")
    watcher.hears(newinfo(other, name, "#000000"))


# --- Coming, changing, going ---------------------------------------------------------------------


@same_or_other
@each_transport
def test_newcomers_and_those_present_are_told_of_each_other(
    npm: Npm, fleet: Fleet, transports: Sequence[str], second: int
) -> None:
    """Each session is told about the others once, and about itself never."""
    pad = new_pad()
    one = npm.open(fleet.urls[0], transports=transports).join(pad)
    two = npm.open(fleet.urls[second], transports=transports).join(pad)
    assert two.vars["numConnectedUsers"] == 2
    one.hears(newinfo(two))
    two.hears(newinfo(one))
    three = npm.open(fleet.urls[1 - second], transports=transports).join(pad)
    three.some("USER_NEWINFO", 2)
    kinds = [message["type"] for message in three.messages]
    assert kinds == ["CLIENT_VARS", "COLLABROOM", "COLLABROOM"]
    assert three.messages[1:] == [newinfo(one), newinfo(two)]
    one.hears(newinfo(three))  # if it were renamed before that, only its new name would be told
    beyond(one, three)
    assert one.heard("USER_NEWINFO")[:2] == [newinfo(two)["data"], newinfo(three)["data"]]


@same_or_other
def test_a_new_name_and_colour_reach_the_others_and_stay(
    npm: Npm, fleet: Fleet, second: int
) -> None:
    pad, token = new_pad(), new_token()
    one = npm.open(fleet.urls[0]).join(pad, token=token)
    two = npm.open(fleet.urls[second]).join(pad)
    assert update(one, "Ada 😀", "#AbCdEf") == [None, None]
    ada = "Ada \ud83d\ude00"
    two.hears(newinfo(one, ada, "#AbCdEf"))
    assert update(one, "", "#123") == [None, None]
    two.hears(newinfo(one, None, "#123"))
    assert update(one, ada, "#123456") == [None, None]
    two.hears(newinfo(one, ada, "#123456"))
    assert one.heard("USER_NEWINFO") == [newinfo(two)["data"]], "nobody is told of himself"

    late = npm.open(fleet.urls[1 - second]).join(pad)
    late.hears(newinfo(one, ada, "#123456"))
    one.close()
    late.some("USER_LEAVE", 1)
    back = npm.open(fleet.urls[1]).join(new_pad(), token=token)
    assert (back.vars["userName"], back.vars["userColor"]) == (ada, "#123456")


@pytest.mark.parametrize(
    ("color", "says"),
    [
        (3, "malformed color: 3"),
        ("red", "malformed color: red"),
        ("#12345", "malformed color: #12345"),
        ("#1234567", "malformed color: #1234567"),
        ("#12345g", "malformed color: #12345g"),
        ("#123456\n", "malformed color: #123456\n"),
        ("", "malformed color: "),
        (None, "missing colorId"),
    ],
)
def test_bad_colours_are_refused_in_Etherpads_words(
    npm: Npm, fleet: Fleet, color: Any, says: str
) -> None:
    pad = new_pad()
    one, two = (npm.open(url).join(pad) for url in fleet.urls)
    refused = [{"name": "Error", "message": f"COLLABROOM: USERINFO_UPDATE: {says}"}]
    assert update(one, "Ada", color) == refused
    beyond(two, one)
    assert "Ada" not in [info["userInfo"]["name"] for info in two.heard("USER_NEWINFO")]


@same_or_other
@each_transport
def test_an_author_leaves_with_the_last_of_its_sockets(
    npm: Npm, fleet: Fleet, transports: Sequence[str], second: int
) -> None:
    """The history frame in the page has a socket of its own (`embed=1`) for the same author."""
    pad, token = new_pad(), new_token()
    watcher = npm.open(fleet.urls[1]).join(pad)
    page = npm.open(fleet.urls[0], transports=transports).join(pad, token=token)
    frame = npm.open(fleet.urls[second], transports=transports, embed="1").join(pad, token=token)
    assert frame.author == page.author
    frame.close()
    beyond(watcher, page)
    assert watcher.heard("USER_LEAVE") == []
    frame = npm.open(fleet.urls[second], transports=transports, embed="1").join(pad, token=token)
    page.close()
    beyond(watcher, frame)
    assert watcher.heard("USER_LEAVE") == []
    frame.close()
    assert watcher.one("USER_LEAVE") == {
        "type": "USER_LEAVE",
        "userInfo": {"colorId": "#000000", "userId": page.author},
    }


def test_a_cut_connection_is_a_leave(npm: Npm, fleet: Fleet) -> None:
    pad = new_pad()
    watcher, other = (npm.open(url).join(pad) for url in fleet.urls)
    other.cut()
    watcher.hears(left(other))


def test_a_client_that_leaves_while_joining_leaves_no_ghost(npm: Npm, fleet: Fleet) -> None:
    pad = new_pad()
    watcher = npm.open(fleet.urls[0]).join(pad)
    for number in range(20):
        hasty = npm.open(fleet.urls[number % 2])
        hasty.ready(pad)
        if number % 4 < 2:
            hasty.wait(lambda c=hasty: c.all("connect"), "connected")  # type: ignore[misc]
        hasty.close()

    def nobody_else() -> bool:
        late = npm.open(fleet.urls[1], embed="1").join(pad)
        users = late.vars["numConnectedUsers"]
        late.close()
        return bool(users == 2)

    def all_gone() -> bool:
        """Returns whether all have come and gone. Each has a token of their own, and so comes once.
        If one left before the watcher was told of the arrival, it may only be told of the
        departure."""
        here = set()
        for message in watcher.messages:
            match message.get("data"):
                case {"type": "USER_NEWINFO", "userInfo": {"userId": author}}:
                    here.add(author)
                case {"type": "USER_LEAVE", "userInfo": {"userId": author}}:
                    here.discard(author)
        return not here

    watcher.wait(nobody_else, "the watcher and one newcomer")
    watcher.wait(all_gone, "all who came have gone")


# --- One author twice ----------------------------------------------------------------------------


@same_or_other
@each_transport
def test_the_first_of_two_pages_of_one_author_is_told_userdup(
    npm: Npm, fleet: Fleet, transports: Sequence[str], second: int
) -> None:
    """To the others, it is one author who is there all the time."""
    pad, token = new_pad(), new_token()
    watcher = npm.open(fleet.urls[0]).join(pad)
    first = npm.open(fleet.urls[0], transports=transports).join(pad, token=token)
    other = npm.open(fleet.urls[second], transports=transports).join(pad, token=token)
    assert first.author == other.author
    first.hears({"disconnect": "userdup"})
    first.close()
    beyond(watcher, other)
    assert watcher.heard("USER_LEAVE") == []
    assert other.vars["numConnectedUsers"] in (2, 3), "the first may not have gone by then"
    other.submit(other.splice(0, 0, "x"))
    other.one("ACCEPT_COMMIT")
    assert not any("disconnect" in message for message in other.messages)
    third = npm.open(fleet.urls[second], transports=transports).join(pad, token=token)
    other.hears({"disconnect": "userdup"})
    third.wait(lambda: third.copy.rev == 1, "in CLIENT_VARS, or right behind")


@same_or_other
def test_one_of_two_pages_that_join_at_once_stays(npm: Npm, fleet: Fleet, second: int) -> None:
    for _ in range(40):
        pad, token = new_pad(), new_token()
        pages = [npm.open(fleet.urls[0]), npm.open(fleet.urls[second])]
        for page in pages:
            page.wait(lambda p=page: p.all("connect"), "connected")  # type: ignore[misc]
        for page in pages:
            page.ready(pad, token=token)
        kicked = pages[0].wait(
            lambda among=pages: [p for p in among if {"disconnect": "userdup"} in p.messages],  # type: ignore[misc]
            "one is told userdup",
        )
        assert len(kicked) == 1
        (stays,) = set(pages) - set(kicked)
        stays.joined().type(0, 0, "x")
        agree([stays])


@same_or_other
def test_the_history_frame_neither_kicks_nor_is_kicked(npm: Npm, fleet: Fleet, second: int) -> None:
    pad, token = new_pad(), new_token()
    first_frame = npm.open(fleet.urls[0], embed="1").join(pad, token=token)
    page = npm.open(fleet.urls[second]).join(pad, token=token)
    frame = npm.open(fleet.urls[0], embed="1").join(pad, token=token)
    watcher = npm.open(fleet.urls[1]).join(pad)
    watcher.submit(watcher.splice(0, 0, "x"))
    for client in (first_frame, page, frame):
        client.some("NEW_CHANGES", 1)
        assert not any("disconnect" in message for message in client.messages)


def test_one_author_may_be_on_two_pads(npm: Npm, fleet: Fleet) -> None:
    token = new_token()
    one, two = (npm.open(url).join(new_pad(), token=token) for url in fleet.urls)
    assert one.author == two.author
    for client in (one, two):
        client.submit(client.splice(0, 0, "x"))
        client.one("ACCEPT_COMMIT")
        assert not any("disconnect" in message for message in client.messages)


# --- Tokens --------------------------------------------------------------------------------------


@each_transport
def test_a_token_is_the_same_author_however_and_wherever_it_comes(
    npm: Npm, fleet: Fleet, transports: Sequence[str]
) -> None:
    """The token comes as the cookie that the page server sets; as the query parameter `cookie`, for
    clients that cannot set headers; and in CLIENT_READY, as from etherpad-cli-client and older
    pages."""
    token, authors = new_token(), set()
    cookie = f"prefsHttp=%7B%7D; token={token}; language=de"
    for url in fleet.urls:
        authors |= {
            npm.open(url, transports=transports, cookie=cookie).join(new_pad()).author,
            npm.open(url, transports=transports, query_cookie=cookie).join(new_pad()).author,
            npm.open(url, transports=transports).join(new_pad(), token=token).author,
        }
    assert len(authors) == 1
    (author,) = authors
    assert author.startswith("a.")
    assert token.removeprefix("t.") not in author, "an author id is public, a token is not"


def test_the_cookie_counts_more_than_the_message(npm: Npm, fleet: Fleet) -> None:
    """Etherpad's page does the same: scripts cannot read the cookie, but they can read the
    message."""
    token = new_token()
    first = npm.open(fleet.urls[0], cookie=f"token={token}").join(new_pad())
    both = npm.open(fleet.urls[1], cookie=f"token={token}").join(new_pad(), token=new_token())
    assert both.author == first.author


def test_without_a_token_each_is_a_new_author(npm: Npm, fleet: Fleet) -> None:
    pad = new_pad()
    clients = [npm.open(url).join(pad) for url in (*fleet.urls, *fleet.urls)]
    assert len({client.author for client in clients}) == 4
    assert not any("disconnect" in m for client in clients for m in client.messages)


@pytest.mark.parametrize("token", ["nonsense", "t.", "t.a b", "t.a$b", "a.0123456789", 42, ["t.a"]])
def test_a_malformed_token_is_denied(npm: Npm, fleet: Fleet, token: Any) -> None:
    client = npm.open(fleet.urls[0])
    ready = {"component": "pad", "type": "CLIENT_READY", "padId": new_pad(), "token": token}
    assert client.ask(ready) == [{"name": "Error", "message": "access denied"}]
    assert client.messages == [{"accessStatus": "deny"}]


@each_worker
def test_a_malformed_token_in_the_cookie_is_denied(npm: Npm, fleet: Fleet, worker: int) -> None:
    client = npm.open(fleet.urls[worker], cookie="token=nonsense")
    client.ready(new_pad())
    client.hears({"accessStatus": "deny"})
    assert not client.has_vars
