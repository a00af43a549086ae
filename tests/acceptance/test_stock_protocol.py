"""Tests Etherpad's protocol with its own Socket.IO client: joining, editing, refusals, deletion.

The expected values were recorded from Etherpad 3.3.1; where that fails its users, the docstring
says how.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest

from padfleet.shared.easysync import AttributePool, identity, make_splice
from padfleet.shared.easysync.base36 import numeral
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
from tests.fleet import ROOT, Fleet

npm = pytest.fixture(borrow_npm)

RECORDED = ROOT.parent / "shared" / "wire" / "etherpad-clientvars.json"
LONE = "\ud83d"
OK = [None, None]


def error(text: str, name: str = "Error") -> list[Message]:
    return [{"name": name, "message": text}]


# --- CLIENT_VARS ---------------------------------------------------------------------------------


@each_worker
@each_transport
def test_CLIENT_VARS_has_all_that_the_page_reads(
    npm: Npm, fleet: Fleet, transports: Sequence[str], worker: int
) -> None:
    """Without any one of these fields, Etherpad's page or its command-line client breaks."""
    pad = new_pad()
    client = npm.open(fleet.urls[worker], transports=transports).join(pad)
    given = client.vars
    assert isinstance(given["skinVariants"], str)
    assert isinstance(given["initialOptions"], dict)
    assert given["padOptions"]["showControls"] is True, "the toolbar is dead without"
    assert len(given["colorPalette"]) == 64
    assert given["userColor"] in range(64)
    assert given["userId"].startswith("a.")
    assert {"return", "delete", "cmdZ"} <= given["padShortcutEnabled"].keys()
    assert isinstance(given["scrollWhenFocusLineIsOutOfViewport"], dict)
    assert (given["padId"], given["readonly"], given["chatHead"]) == (pad, False, -1)
    assert given["readOnlyId"].startswith("r.")
    assert given["savedRevisions"] == []
    assert given["numConnectedUsers"] == 1
    document = given["collab_client_vars"]
    assert document["rev"] == 0
    assert document["initialAttributedText"]["text"].endswith("\n")
    assert document["apool"] == {
        "numToAttrib": {"0": ["author", "a.etherpad-system"]},
        "nextNum": 1,
    }
    author = {"name": None, "colorId": given["userColor"]}
    assert document["historicalAuthorData"] == {client.author: author}
    assert document["time"] <= given["serverTimestamp"]
    assert [kind for kind, _ in client.events if kind == "message"] == ["message"]


def test_CLIENT_VARS_has_the_keys_and_types_of_the_recorded_one(npm: Npm, fleet: Fleet) -> None:
    """Pages and plugins read fields without asking whether they are there."""
    if not RECORDED.is_file():
        pytest.skip("the recording is not beside this repository")
    recorded = json.loads(RECORDED.read_text())
    given = npm.open(fleet.urls[0]).join(new_pad()).vars
    for name in ("padDeletionToken", "plugins", "colorPalette"):
        # A string for the creator, else null, in Etherpad; names of its plugins; a list of colours.
        assert name in given
        recorded.pop(name), given.pop(name)
    for whole in (recorded, given):
        document = whole["collab_client_vars"]
        document["historicalAuthorData"] = list(document["historicalAuthorData"].values())
    assert shape(given) == shape(recorded)


def shape(value: Any) -> Any:
    """Returns the keys and types of a JSON value."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value[:1]]
    return type(value).__name__


@each_worker
def test_a_name_and_colour_brought_along_are_on_record(npm: Npm, fleet: Fleet, worker: int) -> None:
    pad, token = new_pad(), new_token()
    info = {"name": "Ada", "colorId": "#aabbcc"}
    first = npm.open(fleet.urls[worker]).join(pad, token=token, userInfo=info)
    again = npm.open(fleet.urls[1 - worker], embed="1").join(pad, token=token)
    for client in (first, again):
        assert (client.vars["userName"], client.vars["userColor"]) == ("Ada", "#aabbcc")
        known = client.vars["collab_client_vars"]["historicalAuthorData"]
        assert known[first.author] == {"name": "Ada", "colorId": "#aabbcc"}


def test_a_second_CLIENT_READY_is_answered_again(npm: Npm, fleet: Fleet) -> None:
    """Etherpad serves it as the first; the socket does not kick itself as `userdup`."""
    pad, token = new_pad(), new_token()
    client = npm.open(fleet.urls[0]).join(pad, token=token)
    ready = {"type": "CLIENT_READY", "component": "pad", "padId": pad, "token": token}
    assert client.ask(ready) == OK
    client.wait(lambda: len(client.messages) >= 2, "a second CLIENT_VARS")
    assert [message.get("type") for message in client.messages] == ["CLIENT_VARS", "CLIENT_VARS"]
    client.submit(client.splice(0, 0, "x"))
    assert client.one("ACCEPT_COMMIT")["newRev"] == 1


@pytest.mark.parametrize("pad", ["Grüße und 日本語", "emoji 😀", "a:b c", "'\"<&>", "x" * 50])
def test_any_name_is_the_same_pad_on_both_workers(npm: Npm, fleet: Fleet, pad: str) -> None:
    """White space and colons become `_` in a new pad's id, as in Etherpad."""
    one, two = (npm.open(url).join(pad) for url in fleet.urls)
    name = pad.replace(" ", "_").replace(":", "_").replace("😀", "\ud83d\ude00")
    assert one.vars["padId"] == two.vars["padId"] == name
    one.submit(one.splice(0, 0, "x"))
    two.one("NEW_CHANGES")


# --- Editing -------------------------------------------------------------------------------------


@each_worker
@each_transport
def test_an_edit_is_accepted_and_everybody_else_gets_it(
    npm: Npm, fleet: Fleet, transports: Sequence[str], worker: int
) -> None:
    """The author gets ACCEPT_COMMIT and no copy; the others NEW_CHANGES with all of its fields,
    whichever worker they are on."""
    pad = new_pad()
    author = npm.open(fleet.urls[worker], transports=transports).join(pad)
    others = [npm.open(url, transports=transports).join(pad) for url in fleet.urls]
    changeset = author.splice(0, 0, "typed")
    data = {"baseRev": 0, "changeset": changeset, "apool": pool_of(author.author)}
    assert author.ask(collab("USER_CHANGES", **data)) == OK
    assert author.one("ACCEPT_COMMIT") == {"type": "ACCEPT_COMMIT", "newRev": 1}
    author.submit(author.splice(0, 0, "!", text="typed" + author.text), base=1)
    author.some("ACCEPT_COMMIT", 2)
    start = author.vars["collab_client_vars"]["time"]
    for other in others:
        first, second = other.some("NEW_CHANGES", 2)
        assert first == {
            "type": "NEW_CHANGES",
            "newRev": 1,
            "changeset": changeset,
            "apool": {
                "numToAttrib": {"0": ["author", author.author]},
                "attribToNum": {f"author,{author.author}": 0},
                "nextNum": 1,
            },
            "author": author.author,
            "currentTime": first["currentTime"],
            "timeDelta": first["currentTime"] - start,
        }
        assert second["newRev"] == 2
        assert second["timeDelta"] == second["currentTime"] - first["currentTime"] >= 0
    assert author.heard("NEW_CHANGES") == []


@each_transport
def test_I3_concurrent_edits_converge(npm: Npm, fleet: Fleet, transports: Sequence[str]) -> None:
    """Six pages on two workers type at the same places at once, and all end with one text."""
    pad = new_pad()
    pages = [npm.open(fleet.urls[n % 2], transports=transports).join(pad) for n in range(6)]
    for round_ in range(6):
        for number, page in enumerate(pages):
            page.type(round_ % 3, round_ % 2, f"<{number}.{round_}>")
    text = agree(pages)
    newcomer = npm.open(fleet.urls[0]).join(pad)
    assert newcomer.text == text
    attribs = {page.copy.attributed_text.attribs.count("+") for page in pages}
    assert len(attribs) == 1


@each_worker
def test_a_change_without_effect_is_accepted_at_the_old_revision(
    npm: Npm, fleet: Fleet, worker: int
) -> None:
    pad = new_pad()
    client, other = npm.open(fleet.urls[worker]).join(pad), npm.open(fleet.urls[0]).join(pad)
    client.submit(client.splice(0, 0, "x"))
    client.some("ACCEPT_COMMIT", 1)
    client.submit(client.splice(0, 1, "x", text="x" + client.text), base=1)
    client.submit(identity(len(client.text) + 1), base=1, apool=pool_of())
    client.submit(client.splice(0, 0, "y", text="x" + client.text), base=1)
    assert [commit["newRev"] for commit in client.some("ACCEPT_COMMIT", 4)] == [1, 1, 1, 2]
    assert [change["newRev"] for change in other.some("NEW_CHANGES", 2)] == [1, 2]


def test_text_may_be_given_back_to_an_author_who_has_written_here(npm: Npm, fleet: Fleet) -> None:
    """Undo of "clear authorship colours" names others on a keep; nothing else may."""
    pad = new_pad()
    other, client = (npm.open(url).join(pad) for url in fleet.urls)
    other.submit(other.splice(0, 0, "x"))
    client.one("NEW_CHANGES")
    length = numeral(len(other.text) + 1)
    client.submit(f"Z:{length}>0*0=1$", base=1, apool=pool_of(other.author))
    client.one("ACCEPT_COMMIT")


def test_joining_while_others_commit_kicks_nobody(npm: Npm, fleet: Fleet) -> None:
    """In Etherpad a join moves the revision that an editor's commit is compared with, and the
    editor is told badChangeset: under load, 31 of 100 authors were kicked while others joined."""
    pad, count = new_pad(), 20
    editors = [npm.open(fleet.urls[n % 2]).join(pad) for n in range(count)]
    typed = dict.fromkeys(range(count), 0)

    def type_on() -> None:
        for number, editor in enumerate(editors):
            if editor.pump().settled:
                editor.type(0, 0, f"<{number}>")
                typed[number] += 1

    newcomers: list[Client] = []
    for number in range(count):
        newcomers.append(npm.open(fleet.urls[number % 2], transports=["polling", "websocket"]))
        newcomers[-1].ready(pad)
        type_on()

    def all_in() -> bool:
        type_on()
        return all(newcomer.has_vars for newcomer in newcomers)

    eventually_sync(all_in, "all have joined", timeout=20)
    text = agree([*editors, *newcomers])
    assert {number: text.count(f"<{number}>") for number in typed} == typed
    assert min(typed.values()) > 0


@each_transport
def test_a_large_paste_reaches_everybody(npm: Npm, fleet: Fleet, transports: Sequence[str]) -> None:
    """Etherpad takes messages of up to a million bytes."""
    pad, paste = new_pad(), "0123456789abcde\n" * 50_000
    one, two = (npm.open(url, transports=transports).join(pad) for url in fleet.urls)
    one.type(0, 0, paste)
    assert agree([one, two]).startswith(paste)
    assert npm.open(fleet.urls[1], transports=transports).join(pad).text == two.copy.text


@pytest.mark.parametrize("transports", [["websocket"], ["polling"]], ids="-then-".join)
def test_I9_a_lone_surrogate_survives_the_whole_way(
    npm: Npm, fleet: Fleet, transports: Sequence[str]
) -> None:
    """Backspace after an emoji takes one code unit of two. The other half must reach everybody as
    it is, also who comes later, and crash nothing."""
    pad = new_pad()
    one, two = (npm.open(url, transports=transports).join(pad) for url in fleet.urls)
    reader = npm.open(fleet.urls[0], transports=transports).join(pad)
    emoji, rest = LONE + "\ude00", one.text
    one.submit(one.splice(0, 0, emoji))
    assert two.one("NEW_CHANGES")["changeset"].endswith("$" + emoji)
    two.submit(two.splice(1, 1, "", text=emoji + rest), base=1)
    one.some("NEW_CHANGES", 1)
    one.submit(one.splice(1, 0, f"{LONE}!", text=LONE + rest), base=2)
    assert two.some("NEW_CHANGES", 2)[1]["changeset"].endswith(f"${LONE}!")
    for url in fleet.urls:
        newcomer = npm.open(url, transports=transports).join(pad)
        assert newcomer.text.endswith(f"{LONE}{LONE}!{rest}")
        newcomer.type(0, 0, "still typing ")
        agree([newcomer, reader])
    assert reader.copy.text == f"still typing still typing {LONE}{LONE}!{rest}"


def test_half_an_emoji_in_a_name_survives(npm: Npm, fleet: Fleet) -> None:
    """A name that a page has cut off in the middle of an emoji is a name."""
    pad, token, name = new_pad(), new_token(), f"Ada {LONE}"
    one, two = (npm.open(url) for url in fleet.urls)
    one.join(pad, token=token)
    two.join(pad)
    update = collab("USERINFO_UPDATE", userInfo={"name": name, "colorId": "#123456"})
    assert one.ask(update) == OK
    two.wait(
        lambda: name in [info["userInfo"]["name"] for info in two.heard("USER_NEWINFO")],
        "the name as it is",
    )
    again = npm.open(fleet.urls[1], embed="1").join(pad, token=token)
    assert again.vars["userName"] == name
    newcomer = npm.open(fleet.urls[0])
    newcomer.join(pad, userInfo={"name": LONE, "colorId": None})
    assert newcomer.vars["userName"] == LONE


# --- Batches -------------------------------------------------------------------------------------


def test_batches_go_to_those_who_understand_them_only(npm: Npm, fleet: Fleet) -> None:
    """Etherpad's proposal #7768: a client says in CLIENT_READY that it knows NEW_CHANGES_BATCH.
    Others, which are all clients of today, get each revision by itself."""
    pad = new_pad()
    author = npm.open(fleet.urls[0]).join(pad)
    plain = npm.open(fleet.urls[1]).join(pad)
    knows = npm.open(fleet.urls[1]).join(pad, supports=["NEW_CHANGES_BATCH"])
    count = 0
    while not knows.heard("NEW_CHANGES_BATCH"):
        assert count < 2000, "no batch came"
        for _ in range(40):
            author.submit(author.splice(0, 0, f"<{count}>"))
            count += 1
        author.some("ACCEPT_COMMIT", count)
        plain.some("NEW_CHANGES", count)
        knows.wait(lambda c=count: knows.copy.rev == c, "all revisions")  # type: ignore[misc]
    singly = plain.some("NEW_CHANGES", count)
    assert plain.heard("NEW_CHANGES_BATCH") == []
    together: list[Message] = []
    for message in knows.messages:
        data = message["data"]
        if data.get("type") == "NEW_CHANGES_BATCH":
            assert data.keys() == {"type", "changes"}
            assert len(data["changes"]) > 1
            together += data["changes"]
        elif data.get("type") == "NEW_CHANGES":
            together.append(data)
    assert together == singly
    assert knows.copy.text == plain.copy.text


# --- Read-only -----------------------------------------------------------------------------------


@each_worker
@each_transport
def test_a_read_only_client_sees_everything_but_the_pads_id(
    npm: Npm, fleet: Fleet, transports: Sequence[str], worker: int
) -> None:
    """Anybody with the real id can write, so it must be in nothing that such a client receives."""
    pad = new_pad()
    writer = npm.open(fleet.urls[0]).join(pad)
    reader = npm.open(fleet.urls[worker], transports=transports)
    reader.join(writer.vars["readOnlyId"])
    assert reader.vars["readonly"] is True
    assert reader.vars["padId"] == reader.vars["readOnlyId"] == writer.vars["readOnlyId"]
    assert reader.text == writer.text
    writer.submit(writer.splice(0, 0, "seen"))
    assert reader.one("NEW_CHANGES")["changeset"] == writer.splice(0, 0, "seen")
    writer.say(collab("USERINFO_UPDATE", userInfo={"name": "Ada", "colorId": "#123456"}))
    reader.some("USER_NEWINFO", 2)

    data = {"baseRev": 1, "changeset": identity(len(writer.text) + 4), "apool": pool_of()}
    refused = error("COLLABROOM: write attempt on read-only pad")
    assert reader.ask(collab("USER_CHANGES", **data)) == refused
    assert reader.ask(collab("CHAT_MESSAGE", message={"text": "x"})) == refused
    assert reader.ask(collab("PAD_DELETE", data={"padId": pad})) == refused

    token = new_token()
    visitor = npm.open(fleet.urls[1 - worker]).join(writer.vars["readOnlyId"], token=token)
    assert visitor.rev == 1, "nothing came of it"
    reader.some("USER_NEWINFO", 3)  # one who leaves unannounced is never announced
    visitor.close()
    reader.some("USER_LEAVE", 1)
    # Who has never been on a pad cannot come back to it: its history might be another's.
    stranger = npm.open(fleet.urls[1 - worker])
    stranger.resume(writer.vars["readOnlyId"], new_token(), 0)
    stranger.hears({"disconnect": "rejected"})
    back = npm.open(fleet.urls[1 - worker], transports=transports, embed="1")
    back.resume(writer.vars["readOnlyId"], token, 0)
    back.one("CLIENT_RECONNECT")
    writer.say(collab("PAD_DELETE", data={"padId": pad}))
    for client in (reader, back):
        client.hears({"disconnect": "deleted"})
        assert pad not in json.dumps(client.events)


def test_an_unknown_read_only_id_is_denied(npm: Npm, fleet: Fleet) -> None:
    client = npm.open(fleet.urls[0])
    ready = {"component": "pad", "type": "CLIENT_READY", "padId": "r." + "0" * 32}
    assert client.ask(ready) == error("access denied")
    assert client.messages == [{"accessStatus": "deny"}]


# --- Refusals ------------------------------------------------------------------------------------


class Scene(NamedTuple):
    """A pad at revision 1, in which `other` has written an x before the welcome text."""

    text: str
    me: str
    other: str

    @property
    def length(self) -> str:
        return numeral(len(self.text))


def user_changes(changeset: str, *authors: str, base: int = 1) -> Message:
    return {"baseRev": base, "changeset": changeset, "apool": pool_of(*authors)}


def without(name: str) -> Callable[[Scene], Message]:
    def message(scene: Scene) -> Message:
        data = user_changes(f"Z:{scene.length}>1*0+1$x", scene.me)
        del data[name]
        return data

    return message


BAD: dict[str, Callable[[Scene], Message]] = {
    "not canonical": lambda s: user_changes(f"Z:{s.length}>2*0+1*0+1$xx", s.me),
    "not a changeset": lambda _: user_changes("hello"),
    "for a text of another length": lambda s: user_changes("Z:1>1*0+1$x", s.me),
    "an insert of another author": lambda s: user_changes(f"Z:{s.length}>1*0+1$x", s.other),
    "an insert of no author": lambda s: user_changes(f"Z:{s.length}>1+1$x"),
    "an insert of the system": lambda s: user_changes(f"Z:{s.length}>1*0+1$x", "a.etherpad-system"),
    "a keep for an author unknown here": lambda s: user_changes(
        f"Z:{s.length}>0*0=1$", "a.aaaaaaaaaaaaaaaa"
    ),
    "a keep for the system": lambda s: user_changes(f"Z:{s.length}>0*0=1$", "a.etherpad-system"),
    "a removal of another author": lambda s: user_changes(f"Z:{s.length}<1*0-1$", s.other),
    "no newline left at the end": lambda s: user_changes(
        make_splice(s.text, len(s.text.rstrip("\n")), len(s.text), "")
    ),
    "an attribute number not in the pool": lambda s: user_changes(f"Z:{s.length}>1*0*1+1$x", s.me),
    "no baseRev": without("baseRev"),
    "no changeset": without("changeset"),
    "no apool": without("apool"),
    "a base ahead of the head": lambda s: user_changes(f"Z:{s.length}>1*0+1$x", s.me, base=2),
    "a base before the beginning": lambda s: user_changes(f"Z:{s.length}>1*0+1$x", s.me, base=-1),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_changeset_is_refused_and_harms_nobody_else(
    npm: Npm, fleet: Fleet, what: str
) -> None:
    """Only the sender is told `badChangeset`; the pad stays as it is, and the others go on."""
    pad = new_pad()
    other, me = (npm.open(url).join(pad) for url in fleet.urls)
    other.submit(other.splice(0, 0, "x"))
    me.one("NEW_CHANGES")
    scene = Scene("x" + me.text, me.author, other.author)

    assert me.ask(collab("USER_CHANGES", **BAD[what](scene))) == OK
    me.hears({"disconnect": "badChangeset"})
    me.close()
    assert other.one("USER_LEAVE")["userInfo"]["userId"] == me.author
    newcomer = npm.open(fleet.urls[1]).join(pad)
    assert (newcomer.rev, newcomer.text) == (1, scene.text)
    other.submit(other.splice(0, 0, "y", text=scene.text), base=1)
    assert [commit["newRev"] for commit in other.some("ACCEPT_COMMIT", 2)] == [1, 2]
    assert newcomer.one("NEW_CHANGES")["newRev"] == 2
    assert not any("disconnect" in message for message in other.messages)


@each_transport
def test_a_refusal_arrives_on_each_transport(
    npm: Npm, fleet: Fleet, transports: Sequence[str]
) -> None:
    client = npm.open(fleet.urls[0], transports=transports).join(new_pad())
    client.submit("Z:1>1*0+1$x")
    client.hears({"disconnect": "badChangeset"})
    assert client.heard("ACCEPT_COMMIT") == []


def test_an_own_pool_may_hold_what_is_not_used(npm: Npm, fleet: Fleet) -> None:
    """Its numbers differ from the pad's, and no operation names some of its attributes."""
    pad = new_pad()
    client, other = (npm.open(url).join(pad) for url in fleet.urls)
    pool = AttributePool()
    for attribute in (("bold", "true"), ("list", "bullet1"), ("author", client.author)):
        pool.put(*attribute)
    client.submit(client.splice(0, 0, "x").replace("*0", "*0*2"), apool=pool.to_jsonable())
    client.one("ACCEPT_COMMIT")
    told = other.one("NEW_CHANGES")
    assert sorted(told["apool"]["numToAttrib"].values()) == [
        ["author", client.author],
        ["bold", "true"],
    ]


# --- Acknowledgements ----------------------------------------------------------------------------


@each_transport
def test_messages_that_cannot_be_served_are_answered_as_by_Etherpad(
    npm: Npm, fleet: Fleet, transports: Sequence[str]
) -> None:
    client = npm.open(fleet.urls[0], transports=transports)
    (early,) = client.ask(collab("USER_CHANGES"))
    assert early["name"] == "Error"
    assert early["message"].startswith("pre-CLIENT_READY message")
    client.join(new_pad())
    wrong = {
        "NOPE: unknown message type": {"type": "NOPE", "component": "pad"},
        "COLLABROOM: NOPE: unknown message type": collab("NOPE"),
        "unknown message component: undefined": {"type": "COLLABROOM"},
        "unknown message component: timeslider": {"type": "NOPE", "component": "timeslider"},
        "message type missing": {"component": "pad"},
    }
    for text, message in wrong.items():
        assert client.ask(message) == error(text)
    oddities: list[Any] = [
        None,
        7,
        "text",
        [],
        {"component": {}},
        {"component": "pad", "type": [1]},
    ]
    for odd in oddities:
        (answer,) = client.ask(odd)
        assert answer.keys() == {"name", "message"}
    client.submit(client.splice(0, 0, "x"))
    assert client.one("ACCEPT_COMMIT")["newRev"] == 1, "the socket goes on as before"
    assert not any("disconnect" in message for message in client.messages)


def test_null_without_an_acknowledgement_ends_nothing(npm: Npm, fleet: Fleet) -> None:
    """In Etherpad this raises an exception that nobody handles, in the handler of exceptions."""
    client = npm.open(fleet.urls[0]).join(new_pad())
    client.say(None)
    client.type(0, 0, "still here")
    agree([client])


@each_worker
def test_another_token_on_the_same_socket_is_rejected(npm: Npm, fleet: Fleet, worker: int) -> None:
    pad = new_pad()
    client = npm.open(fleet.urls[worker]).join(pad, token=new_token())
    ready = {"component": "pad", "type": "CLIENT_READY", "padId": pad, "token": new_token()}
    (answer,) = client.ask(ready)
    assert answer["name"] == "Error"
    assert answer["message"].startswith("Author ID changed mid-session.")
    client.hears({"disconnect": "rejected"})


# --- Deletion ------------------------------------------------------------------------------------


@each_worker
@each_transport
def test_the_creator_deletes_the_pad_and_everybody_is_told(
    npm: Npm, fleet: Fleet, transports: Sequence[str], worker: int
) -> None:
    """The pad can be created anew after that, and a client that still has the old one is not let in
    with it."""
    pad, token = new_pad(), new_token()
    creator = npm.open(fleet.urls[worker], transports=transports).join(pad, token=token)
    others = [npm.open(url, transports=transports).join(pad) for url in fleet.urls]
    for _ in range(3):
        others[0].type(0, 0, "gone ")
        agree([creator, *others])
    creator.say(collab("PAD_DELETE", data={"padId": pad}))
    for client in (creator, *others):
        client.hears({"disconnect": "deleted"})
        client.close()

    late = npm.open(fleet.urls[0])
    late.resume(pad, new_token(), 3)
    late.wait(lambda: any("disconnect" in message for message in late.messages), "it is told")
    again, other = (npm.open(url).join(pad) for url in fleet.urls)
    assert (again.rev, again.text) == (0, others[1].text)
    again.type(0, 0, "anew ")
    assert agree([again, other]).startswith("anew Welcome")


def test_a_deletion_is_acknowledged(npm: Npm, fleet: Fleet) -> None:
    """The client that asked for it gets the acknowledgement before or after it is told `deleted`;
    its socket stays open."""
    pad = new_pad()
    creator = npm.open(fleet.urls[0]).join(pad)
    assert creator.ask(collab("PAD_DELETE", data={"padId": pad})) == OK
    assert creator.all("disconnect") == []


def test_deleting_is_refused_to_all_but_the_creator(npm: Npm, fleet: Fleet) -> None:
    """The client is told by a notice on the event `shout`; the pad and everybody on it stay."""
    pad = new_pad()
    creator, other = (npm.open(url).join(pad) for url in fleet.urls)
    assert other.ask(collab("PAD_DELETE", data={"padId": pad})) == OK
    other.wait(lambda: other.all("shout"), "the notice")
    (notice,) = other.all("shout")
    assert notice["type"] == "COLLABROOM"
    assert notice["data"]["type"] == "shoutMessage"
    assert notice["data"]["payload"]["message"] == {
        "messageKey": "pad.deletionToken.notCreator",
        "sticky": False,
    }
    assert isinstance(notice["data"]["payload"]["timestamp"], int)
    (answer,) = creator.ask(collab("PAD_DELETE", data={"padId": new_pad()}))
    assert "refusing cross-pad delete" in answer["message"]
    other.type(0, 0, "still here ")
    assert agree([creator, other]).startswith("still here ")
    assert creator.all("shout") == []
