"""Connections break and come back, as Etherpad's own Socket.IO client sees it (I5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.acceptance.npm import (
    Client,
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


def gone(client: Client, watcher: Client) -> None:
    """Breaks the client's connection, and waits until the others see it leave."""
    before = len(watcher.heard("USER_LEAVE"))
    client.cut()
    watcher.some("USER_LEAVE", before + 1)


def type_in(client: Client, *words: str) -> None:
    """Types one revision per word at the start of the pad; it needs a call of `agree` before."""
    for word in words:
        client.type(0, 0, word)
        agree([client])


@same_or_other
@each_transport
def test_I5_who_has_missed_nothing_is_told_so(
    npm: Npm, fleet: Fleet, transports: Sequence[str], second: int
) -> None:
    pad, token = new_pad(), new_token()
    watcher = npm.open(fleet.urls[0]).join(pad)
    client = npm.open(fleet.urls[0], transports=transports).join(pad, token=token)
    type_in(client, "x")
    gone(client, watcher)
    back = npm.open(fleet.urls[second], transports=transports)
    back.resume(pad, token, 1)
    assert back.one("CLIENT_RECONNECT") == {
        "type": "CLIENT_RECONNECT",
        "noChanges": True,
        "newRev": 1,
    }
    assert back.some("USER_NEWINFO", 1)[0]["userInfo"]["userId"] == watcher.author
    assert not back.has_vars
    watcher.type(0, 0, "y")
    assert back.one("NEW_CHANGES")["newRev"] == 2
    info = [news["userInfo"]["userId"] for news in watcher.some("USER_NEWINFO", 2)]
    assert info == [client.author, client.author], "it left, and has come again"


@same_or_other
@each_transport
def test_I5_what_was_missed_comes_once_and_the_first_edit_after_is_accepted(
    npm: Npm, fleet: Fleet, transports: Sequence[str], second: int
) -> None:
    """Etherpad sends what was missed, but does not move the socket's revision: the returning
    user's first edit was refused as badChangeset, in every attempt, and lost."""
    pad, token = new_pad(), new_token()
    watcher = npm.open(fleet.urls[1]).join(pad)
    client = npm.open(fleet.urls[0], transports=transports).join(pad, token=token)
    type_in(watcher, "a")
    agree([client, watcher])
    gone(client, watcher)
    type_in(watcher, "b", "c", "d")
    told = npm.open(fleet.urls[0]).join(pad).text

    back = npm.open(fleet.urls[second], transports=transports)
    back.resume(pad, token, page=client)
    missed = back.some("CLIENT_RECONNECT", 3)
    for rev, message in enumerate(missed, 2):
        assert message == {
            "type": "CLIENT_RECONNECT",
            "headRev": 4,
            "newRev": rev,
            "changeset": message["changeset"],
            "apool": {
                "numToAttrib": {"0": ["author", watcher.author]},
                "attribToNum": {f"author,{watcher.author}": 0},
                "nextNum": 1,
            },
            "author": watcher.author,
            "currentTime": message["currentTime"],
        }
    assert back.copy.text == told == watcher.copy.text

    back.type(0, 0, "first edit ")
    assert back.one("ACCEPT_COMMIT") == {"type": "ACCEPT_COMMIT", "newRev": 5}
    assert agree([back, watcher]) == "first edit " + told
    assert len(back.heard("CLIENT_RECONNECT")) == 3
    assert back.heard("NEW_CHANGES") == []
    assert not any("disconnect" in message for message in back.messages)


@same_or_other
@each_transport
def test_I5_an_own_commit_whose_answer_was_lost_comes_back_under_its_author(
    npm: Npm, fleet: Fleet, transports: Sequence[str], second: int
) -> None:
    """The page takes that for the acknowledgement of what it had in flight."""
    pad, token = new_pad(), new_token()
    watcher = npm.open(fleet.urls[0]).join(pad)
    client = npm.open(fleet.urls[0], transports=transports).join(pad, token=token)
    changeset = client.splice(0, 0, "in flight ")
    client.submit(changeset)
    watcher.one("NEW_CHANGES")
    gone(client, watcher)
    type_in(watcher, "meanwhile ")
    back = npm.open(fleet.urls[second], transports=transports)
    back.resume(pad, token, 0)
    own, other = back.some("CLIENT_RECONNECT", 2)
    assert (own["newRev"], own["author"], own["changeset"]) == (1, client.author, changeset)
    assert (other["newRev"], other["headRev"]) == (2, 2)
    assert other["author"] == watcher.author


@same_or_other
@each_transport
def test_I5_a_retransmission_is_accepted_and_inserts_nothing_again(
    npm: Npm, fleet: Fleet, transports: Sequence[str], second: int
) -> None:
    """A client that is not sure whether its edit arrived sends it again as it was, also when
    others have typed since."""
    pad, token = new_pad(), new_token()
    watcher = npm.open(fleet.urls[1]).join(pad)
    client = npm.open(fleet.urls[0], transports=transports).join(pad, token=token)
    changeset = client.splice(3, 0, "<once>")
    client.submit(changeset)
    client.one("ACCEPT_COMMIT")
    watcher.one("NEW_CHANGES")
    gone(client, watcher)
    type_in(watcher, "a", "b")
    back = npm.open(fleet.urls[second], transports=transports)
    back.resume(pad, token, 0, page=client)
    back.some("CLIENT_RECONNECT", 3)
    for _ in range(2):
        back.submit(changeset, base=0)
    assert [commit["newRev"] for commit in back.some("ACCEPT_COMMIT", 2)] == [3, 3]
    assert watcher.copy.rev == 3
    assert npm.open(fleet.urls[0]).join(pad).text.count("<once>") == 1


@each_worker
@pytest.mark.parametrize("rev", [4, 1000, -2, None, "1", 0.5], ids=str)
def test_I5_who_has_another_history_is_told_to_reload(
    npm: Npm, fleet: Fleet, rev: Any, worker: int
) -> None:
    """A revision that the pad does not have (yet): it was rolled back, or is another pad."""
    pad, token = new_pad(), new_token()
    watcher = npm.open(fleet.urls[0]).join(pad)
    type_in(watcher, "a", "b", "c")
    back = npm.open(fleet.urls[worker])
    back.resume(pad, token, rev)
    back.hears({"disconnect": "rejected"})
    assert back.heard("CLIENT_RECONNECT") == []
    type_in(watcher, "d")


@each_worker
def test_I5_a_page_of_a_pad_that_was_deleted_and_made_anew_is_not_let_on(
    npm: Npm, fleet: Fleet, worker: int
) -> None:
    """The new pad has the revision that the page has, but it is another one: going on from there
    would fork the text without anybody noticing."""
    pad, token = new_pad(), new_token()
    creator = npm.open(fleet.urls[0]).join(pad)
    page = npm.open(fleet.urls[worker]).join(pad, token=token)
    type_in(creator, "a", "b")
    agree([creator, page])
    gone(page, creator)
    creator.say(collab("PAD_DELETE", data={"padId": pad}))
    creator.hears({"disconnect": "deleted"})
    anew = npm.open(fleet.urls[1]).join(pad)
    type_in(anew, "c", "d", "e")
    back = npm.open(fleet.urls[worker])
    back.resume(pad, token, page=page)
    back.hears({"disconnect": "rejected"})
    assert [set(message) for message in back.messages] == [{"disconnect"}]
    again = npm.open(fleet.urls[worker]).join(pad, token=token)  # it reloads
    again.type(0, 0, "f")
    assert agree([anew, again]).startswith("fedcWelcome")


@each_transport
@pytest.mark.parametrize("anew", [True, False], ids=["deleted", "as-it-was"])
def test_I5_a_tab_is_known_by_itself_whatever_its_author_does_in_another(
    npm: Npm, fleet: Fleet, transports: Sequence[str], anew: bool
) -> None:
    """The author was last on the new pad, which is open in a second tab. The first tab is still on
    the old pad."""
    pad, token = new_pad(), new_token()
    creator = npm.open(fleet.urls[0]).join(pad)
    tab = npm.open(fleet.urls[1], transports=transports).join(pad, token=token)
    type_in(creator, "a")
    agree([creator, tab])
    gone(tab, creator)
    if anew:
        creator.say(collab("PAD_DELETE", data={"padId": pad}))
        creator.hears({"disconnect": "deleted"})
        creator = npm.open(fleet.urls[1]).join(pad)
    type_in(creator, "b", "c", "d")
    second = npm.open(fleet.urls[0]).join(pad, token=token)
    gone(second, creator)
    tab.again()
    tab.resume(pad, token, 1)
    if anew:
        tab.hears({"disconnect": "rejected"})
        assert tab.heard("CLIENT_RECONNECT") == []
    else:
        assert [missed["newRev"] for missed in tab.some("CLIENT_RECONNECT", 3)] == [2, 3, 4]


@each_transport
def test_I5_what_an_author_wrote_in_another_stay_is_no_answer_to_a_page(
    npm: Npm, fleet: Fleet, transports: Sequence[str]
) -> None:
    """A page takes each missed revision by its author for the one that it had in flight, and went
    on with another text than everybody else: after a second tab had written, or where an edit of
    before the page was loaded became a revision only while its connection was broken."""
    pad, token = new_pad(), new_token()
    creator = npm.open(fleet.urls[0]).join(pad)
    tab = npm.open(fleet.urls[1], transports=transports).join(pad, token=token)
    author = tab.author
    gone(tab, creator)
    second = npm.open(fleet.urls[0]).join(pad, token=token)
    type_in(second, "elsewhere ")
    gone(second, creator)
    tab.again()
    tab.resume(pad, token, 0)
    (missed,) = tab.some("CLIENT_RECONNECT", 1)
    assert (missed["newRev"], missed["author"]) == (1, "")
    assert missed["apool"]["numToAttrib"] == {"0": ["author", author]}, "in its author's colour"
    tab.submit(tab.splice(0, 0, "mine "), base=0)
    creator.some("NEW_CHANGES", 2)
    gone(tab, creator)
    tab.again()
    tab.resume(pad, token, 1)
    _, own = tab.some("CLIENT_RECONNECT", 2)
    assert (own["newRev"], own["author"]) == (2, author)


@each_transport
def test_I5_a_page_goes_back_and_forth_between_the_workers(
    npm: Npm, fleet: Fleet, transports: Sequence[str]
) -> None:
    """Its copy is right after each of many breaks, and everything typed is there once: also what
    was on its way when the connection broke, which the page sends again if it did not arrive."""
    pad, token, rounds = new_pad(), new_token(), 8
    watcher = npm.open(fleet.urls[0]).join(pad)
    page = npm.open(fleet.urls[1], transports=transports).join(pad, token=token)
    for round_ in range(rounds):
        watcher.type(0, 0, f"<watcher {round_}>")
        page.type(0, 0, f"<on its way {round_}>")
        gone(page, watcher)
        type_in(watcher, f"<missed {round_}>")
        back = npm.open(fleet.urls[round_ % 2], transports=transports)
        back.resume(pad, token, page=page)
        page = back
        page.type(0, 0, f"<typed again {round_}>")
        text = agree([page, watcher])
    for what in ("watcher", "on its way", "missed", "typed again"):
        for round_ in range(rounds):
            assert text.count(f"<{what} {round_}>") == 1
