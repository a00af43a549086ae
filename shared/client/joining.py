"""This module joins pads, and leaves them.

async with connect("http://127.0.0.1:9001/p/hello") as pad:
    await pad.append("hi\\n")
    async for event in pad:
        print(pad.text)
"""

import asyncio
import random
import secrets
import string
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp

from padfleet.shared.client.backoff import Backoff
from padfleet.shared.client.collaborator import Collaborator
from padfleet.shared.client.conversation import Conversation, raise_if_refused
from padfleet.shared.client.dialer import Dialer
from padfleet.shared.client.errors import CannotConnect, ConnectionLost, PadError, ProtocolError
from padfleet.shared.client.line import PadUrl, SocketIOConnection
from padfleet.shared.client.pad import Pad
from padfleet.shared.client.people import PresentPeople, colors_of, names_of
from padfleet.shared.easysync import to_units

JOIN_TIMEOUT = 20.0
"""How many seconds joining may take, from connecting to CLIENT_VARS."""

JOIN_PATIENCE = 5.0
"""For how many seconds joining is tried again when servers take connections and drop them. A worker
that is about to stop does that to those who are not on a pad yet, and the next attempt gets to
another one."""

FLUSH_TIMEOUT = 10.0
"""How many seconds edits have to be accepted when the pad is left."""

_TOKEN_ALPHABET = string.ascii_letters + string.digits


@asynccontextmanager
async def connect(
    url: str | list[str],
    *,
    name: str | None = None,
    color: str | None = None,
    token: str | None = None,
    batch: bool = True,
    text_only: bool = False,
    resume: bool = True,
    http: aiohttp.ClientSession | None = None,
    auth: Mapping[str, Any] | None = None,
    flush_timeout: float = FLUSH_TIMEOUT,
    cursors: bool = False,
) -> AsyncIterator[Pad]:
    """Joins the pad at `url`. At the end of the block, waits until every edit has been accepted,
    and leaves the pad.

    Arguments:
        url: ``http://host:port/p/name``. If there are several (one pad on several workers), the
            next one is tried when a connection breaks.
        name: your name, as the others see it.
        color: your colour, ``#rrggbb``.
        token: says who you are (``t.…``, see `new_token`); without one, you are a new author.
        batch: announces that several revisions may come in one message.
        text_only: makes a cheap reader, which has the text but no attributes, and cannot edit.
        resume: makes a lost connection again, for up to `RESUME_TIMEOUT` seconds, or
            `JOIN_PATIENCE` while the pad is not there yet.
        http: a session that may be shared by many clients; its headers and cookies are sent with
            each connection.
        auth: an object for access control (``{"token": …}``), which is sent with Socket.IO's
            handshake.
        flush_timeout: how many seconds edits have to be accepted at the end of the block. A block
            that ends with an exception does not wait.
        cursors: announces that this client shows where the others have their cursors, and may
            report its own (`Pad.point`). Servers send cursors to no other clients.

    Raises `PadError` if the pad cannot be joined, and `EditsLost` at the end if edits have not been
    accepted and nothing has reported that yet.
    """
    places = [PadUrl.parse(one) for one in ([url] if isinstance(url, str) else url)]
    ready = {
        "component": "pad",
        "type": "CLIENT_READY",
        "padId": to_units(places[0].pad_id),
        "token": token or new_token(),
        "userInfo": {"name": name, "colorId": color},
        "supports": [
            "ACKNOWLEDGEMENTS",
            "SESSIONS",
            "USERS",
            *(["NEW_CHANGES_BATCH"] if batch else []),
            *(["CURSORS"] if cursors else []),
        ],
    }
    async with AsyncExitStack() as stack:
        if http is None:
            http = await stack.enter_async_context(aiohttp.ClientSession())
        dialer = Dialer(http, places, ready, resume, auth=auth)
        try:
            async with asyncio.timeout(JOIN_TIMEOUT):
                pad, conversation = await _join(dialer, text_only=text_only)
        except TimeoutError:
            raise PadError(f"{places[0].base} does not answer") from None
        reading = asyncio.create_task(conversation.run(dialer))
        try:
            yield pad
            await conversation.settle(flush_timeout)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await conversation.close()


async def _join(dialer: Dialer, *, text_only: bool) -> tuple[Pad, Conversation]:
    backoff = Backoff(JOIN_PATIENCE)
    while True:
        try:
            return await _join_once(dialer, text_only=text_only)
        except CannotConnect:
            raise
        except ConnectionLost:
            pause = backoff.pause(asyncio.get_running_loop().time(), random.random())
            if pause is None or not dialer.resume:
                raise
        await asyncio.sleep(pause)


async def _join_once(dialer: Dialer, *, text_only: bool) -> tuple[Pad, Conversation]:
    line = await dialer.first()
    try:
        await line.send(dialer.ready)
        message = await line.next_message()
        raise_if_refused(message)
        match message:
            case {
                "type": "CLIENT_VARS",
                "data": {"userId": str(author), "collab_client_vars": dict(pad), **rest},
            }:
                return _opened(dialer, line, author, pad, rest, text_only=text_only)
        raise ProtocolError(f"expected CLIENT_VARS, got {message.get('type')}")
    except BaseException:
        await line.close()
        raise


def _opened(
    dialer: Dialer,
    line: SocketIOConnection,
    author: str,
    pad: dict[str, Any],
    rest: Mapping[Any, Any],
    *,
    text_only: bool,
) -> tuple[Pad, Conversation]:
    """Returns the pad that CLIENT_VARS describe: `pad` has the `collab_client_vars`, and `rest` all
    that is beside them."""
    cursors = rest.get("cursors") is True
    palette = rest.get("colorPalette")
    users: dict[str, str | None] = {}
    names = names_of(pad.get("historicalAuthorData"))
    colors = colors_of(pad.get("historicalAuthorData"), palette)
    state = Collaborator(
        pad, author, text_only=text_only, limits=line.split_limits, cursors=cursors
    )
    people = PresentPeople(author, palette, users, names, colors)
    conversation = Conversation(state, people, line, cursors=cursors)
    opened = Pad(
        state,
        bool(rest.get("readonly")),
        str(rest.get("readOnlyId", "")),
        dialer.traffic,
        users,
        names,
        colors,
        cursors,
        conversation,
        "CURSORS" in dialer.ready["supports"],
    )
    return opened, conversation


def new_token() -> str:
    """Returns a token for a new author, which nobody can guess. Whoever uses it again is the same
    author."""
    return "t." + "".join(secrets.choice(_TOKEN_ALPHABET) for _ in range(20))
