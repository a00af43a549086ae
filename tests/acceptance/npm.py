"""Drives Etherpad clients from npm; one Node.js process holds all of them (node/driver.mjs).

client = npm.open(url, transports=["polling", "websocket"])
client.join("some-pad", token=token)
client.submit(client.splice(0, 0, "typed"))
assert client.one("ACCEPT_COMMIT") == {"type": "ACCEPT_COMMIT", "newRev": 1}
"""

from __future__ import annotations

import itertools
import secrets
import string
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest

from padfleet.shared.client.collaborator import Collaborator
from padfleet.shared.easysync import AttributePool, make_splice
from padfleet.shared.wire import jsontext
from tests import node
from tests.eventually import eventually_sync

FOLDER: Final = Path(__file__).parent / "node"

TRANSPORTS: Final = [["websocket"], ["polling"], ["polling", "websocket"]]
"""The transports that people's networks leave them with. The last one is what Etherpad's page asks
for."""

each_transport = pytest.mark.parametrize("transports", TRANSPORTS, ids="-then-".join)
each_worker = pytest.mark.parametrize("worker", [0, 1], ids=["worker-1", "worker-2"])

Message = dict[str, Any]
T = TypeVar("T")


def new_token() -> str:
    """Returns a token like those that Etherpad's page makes."""
    return "t." + "".join(secrets.choice(string.ascii_letters) for _ in range(20))


def new_pad() -> str:
    """Returns a name that no other text contains by chance."""
    return f"pad-{secrets.token_hex(8)}"


def collab(kind: str, **data: Any) -> Message:
    return {"type": "COLLABROOM", "component": "pad", "data": {"type": kind, **data}}


@dataclass(eq=False)
class Client:
    """One client in the Node process, and all that has happened to it."""

    npm: Npm
    id: int
    events: list[tuple[str, Any]] = field(default_factory=list)
    page: Client | None = None  #: the connection before, whose page goes on here
    _copy: Collaborator | None = None
    _taken: int = 0

    # --- Saying ----------------------------------------------------------------------------------

    def say(self, message: Any) -> None:
        self.npm.order("emit", self.id, message=message)

    def ask(self, message: Any) -> list[Any]:
        """Sends a message, and returns the arguments of the acknowledgement: `[None, None]`, or
        `[{name, message}]`."""
        ask = next(self.npm.numbers)
        self.npm.order("emit", self.id, message=message, ask=ask)
        found = self.wait(
            lambda: [ack for ack in self.all("ack") if ack["ask"] == ask],
            f"an acknowledgement of {str(message)[:80]}",
        )
        return list(found[0]["values"])

    def ready(self, pad: str, **more: Any) -> None:
        """Sends CLIENT_READY as Etherpad's page does."""
        info = {"colorId": None, "name": None}
        ready = {"component": "pad", "type": "CLIENT_READY", "padId": pad, "userInfo": info}
        self.say(ready | more)

    def join(self, pad: str, **more: Any) -> Client:
        self.ready(pad, **more)
        return self.joined()

    def joined(self) -> Client:
        self.wait(lambda: self.has_vars, "CLIENT_VARS")
        return self

    def resume(self, pad: str, token: str, rev: Any = None, *, page: Client | None = None) -> None:
        """Sends CLIENT_READY as a page does that was there before, by default with the revision
        that it has."""
        self.page = page
        if rev is None and page is not None:
            rev = page.copy.rev
        self.ready(pad, token=token, client_rev=rev, reconnect=True)

    def submit(self, changeset: str, *, base: int | None = None, **instead: Any) -> None:
        """Sends USER_CHANGES with this client's author as attribute 0. Fields given as None are
        left out, others replace the usual ones."""
        fields = {
            "baseRev": self.rev if base is None else base,
            "changeset": changeset,
            "apool": pool_of(self.author),
            **instead,
        }
        given = {name: value for name, value in fields.items() if value is not None}
        self.say(collab("USER_CHANGES", **given))

    def splice(self, start: int, removed: int, inserted: str, *, text: str | None = None) -> str:
        """Returns a changeset on `text`, by default the one of CLIENT_VARS, whose inserts have
        attribute 0."""
        return make_splice(
            self.text if text is None else text, start, removed, inserted, "*0" if inserted else ""
        )

    def cut(self) -> None:
        """Cuts the network connection."""
        self.npm.order("cut", self.id)
        self.wait(lambda: self.all("disconnect"), "the connection is cut")

    def again(self) -> None:
        """Connects the page's own socket once more."""
        before = len(self.all("connect"))
        self.npm.order("again", self.id)
        self.wait(lambda: len(self.all("connect")) > before, "it is connected again")

    def close(self) -> None:
        self.npm.order("close", self.id)

    # --- Hearing ---------------------------------------------------------------------------------

    def all(self, event: str) -> list[Any]:
        return [value for name, value in list(self.events) if name == event]

    @property
    def messages(self) -> list[Message]:
        return self.all("message")

    def heard(self, kind: str) -> list[Message]:
        """Returns the `data` of the COLLABROOM messages of this type so far."""
        found = (m["data"] for m in self.messages if m.get("type") == "COLLABROOM")
        return [data for data in found if data["type"] == kind]

    def some(self, kind: str, count: int) -> list[Message]:
        """Waits for that many, and returns all."""
        what = f"{count} of {kind}"
        self.wait(lambda: len(self.heard(kind)) >= count, what)
        return self.heard(kind)

    def one(self, kind: str) -> Message:
        """Waits for the one that comes; AssertionError if there are more."""
        (data,) = self.some(kind, 1)
        return data

    def hears(self, message: Message) -> None:
        """Waits for exactly this message."""
        self.wait(lambda: message in self.messages, f"{message}")

    def wait(self, condition: Callable[[], T], what: str) -> T:
        try:
            return eventually_sync(condition, what)
        except AssertionError as error:
            last = "\n".join(str(event)[:300] for event in self.events[-8:])
            raise AssertionError(f"{error}\nlast events of client {self.id}:\n{last}") from None

    # --- What CLIENT_VARS said -------------------------------------------------------------------

    @property
    def has_vars(self) -> bool:
        return bool(self._all_vars())

    @property
    def vars(self) -> Message:
        """Returns the content of the last CLIENT_VARS."""
        found = [
            message["data"] for message in self.messages if message.get("type") == "CLIENT_VARS"
        ]
        if not found and self.page is not None:
            return self.page.vars
        assert found, "there has been no CLIENT_VARS"
        return dict(found[-1])

    def _all_vars(self) -> list[Message]:
        return [m["data"] for m in self.messages if m.get("type") == "CLIENT_VARS"]

    @property
    def author(self) -> str:
        return str(self.vars["userId"])

    @property
    def text(self) -> str:
        return str(self.vars["collab_client_vars"]["initialAttributedText"]["text"])

    @property
    def rev(self) -> int:
        return int(self.vars["collab_client_vars"]["rev"])

    # --- Typing, as a page does ------------------------------------------------------------------

    @property
    def copy(self) -> Collaborator:
        """Returns this client's copy of the pad, with everything that has come in. It is strict: a
        gap, a repetition or an ACCEPT_COMMIT out of place raises `ProtocolError` (I3)."""
        if self._copy is None and self.page is not None:
            self._copy = self.page.copy
            self._copy.connection_lost()
        if self._copy is None:
            self._copy = Collaborator(self.vars["collab_client_vars"], self.author)
        messages = self.messages
        for message in messages[self._taken :]:
            assert "disconnect" not in message, f"client {self.id} was kicked: {message}"
            if message.get("type") == "COLLABROOM":
                list(self._copy.receive(message["data"]))
        self._taken = len(messages)
        return self._copy

    def type(self, start: int, removed: int, inserted: str) -> None:
        self.copy.edit(start, removed, inserted)
        self.pump()

    def pump(self) -> Collaborator:
        """Takes in what has come, and submits what waits if nothing is in flight."""
        submission = self.copy.next_submission()
        if submission is not None:
            self.say({"type": "COLLABROOM", "component": "pad", "data": submission})
        return self.copy


def pool_of(*authors: str) -> Message:
    """Returns an attribute pool for the wire with these authors."""
    pool = AttributePool()
    for author in authors:
        pool.put("author", author)
    return pool.to_jsonable()


def agree(clients: Sequence[Client]) -> str:
    """Waits until all edits are accepted and everybody has everything; returns the text."""

    def settled() -> bool:
        copies = [client.pump() for client in clients]
        return all(copy.settled for copy in copies) and len({copy.rev for copy in copies}) == 1

    eventually_sync(settled, "all edits are everywhere", timeout=15)
    (text,) = {client.copy.text for client in clients}
    return text


class Npm:
    """The Node.js process."""

    def __init__(self) -> None:
        self.numbers = itertools.count(1)
        self.faults: list[str] = []
        self._clients: dict[int, Client] = {}
        self._process = subprocess.Popen(
            ["node", "driver.mjs"], cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def open(
        self,
        url: str,
        *,
        transports: Sequence[str] = ("websocket",),
        cookie: str | None = None,
        query_cookie: str | None = None,
        embed: str | None = None,
        auth: Message | None = None,
        deflate: Message | None = None,
    ) -> Client:
        """Returns a socket.io-client. It connects by itself; messages to send wait until it has.
        `deflate` is passed to `ws` as its permessage-deflate option."""
        fields = {"cookie": query_cookie, "embed": embed}
        query = {name: value for name, value in fields.items() if value is not None}
        options: Message = {"transports": list(transports), "query": query}
        if cookie is not None:
            options["extraHeaders"] = {"Cookie": cookie}
        if auth is not None:
            options["auth"] = auth
        if deflate is not None:
            options["perMessageDeflate"] = deflate
        return self._new("open", url, options=options)

    def cli(self, url: str) -> Client:
        """Returns an etherpad-cli-client, given the address of a pad."""
        return self._new("cli", url)

    def slow_upgrades(self, url: str, delay_ms: int) -> str:
        """Returns another address of the server, at which everything that a WebSocket carries comes
        later."""
        return self._relay(url, delay=delay_ms)[1]

    def held_upgrades(self, url: str) -> tuple[str, Callable[[], None]]:
        """Returns another address of the server, and what has to be called before anything that a
        WebSocket carries comes through there."""
        number, address = self._relay(url, held=True)
        return address, lambda: self.order("release", number)

    def in_pieces(self, url: str, size: int) -> str:
        """Returns another address of the server, at which everything comes in pieces, as over a
        phone."""
        return self._relay(url, piece=size)[1]

    def _relay(self, url: str, **how: int) -> tuple[int, str]:
        relay = self._new("relay", url, **how)
        relay.wait(lambda: relay.all("listening"), "the relay listens")
        return relay.id, f"http://127.0.0.1:{relay.all('listening')[0]}"

    def order(self, do: str, client: int, **arguments: Any) -> None:
        line = jsontext.dumps({"do": do, "id": client, **arguments}) + "\n"
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode())
        self._process.stdin.flush()

    def close_all(self) -> None:
        """Closes all clients. Raises AssertionError if one has thrown."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        faults, self.faults = self.faults, []
        assert not faults, "\n".join(faults)

    def _new(self, do: str, url: str, **arguments: Any) -> Client:
        client = Client(self, next(self.numbers))
        self._clients[client.id] = client
        self.order(do, client.id, url=url, **arguments)
        return client

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            event = jsontext.loads(line)
            if event["event"] == "fault":
                self.faults.append(event["value"])
            elif client := self._clients.get(event["id"]):
                client.events.append((event["event"], event["value"]))

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)
        self._reader.join(timeout=10)


_RUNNING: Final = pytest.StashKey[Npm]()


def require_npm() -> None:
    """Leaves the test out without Node and its packages. In CI that is a failure."""
    node.require(FOLDER)


def borrow_npm(pytestconfig: pytest.Config) -> Iterator[Npm]:
    """Lends the process, which lasts for the whole run, to one test; it is made a fixture where it
    is used."""
    require_npm()
    if _RUNNING not in pytestconfig.stash:
        pytestconfig.stash[_RUNNING] = Npm()
        pytestconfig.add_cleanup(pytestconfig.stash[_RUNNING].stop)
    yield pytestconfig.stash[_RUNNING]
    pytestconfig.stash[_RUNNING].close_all()
