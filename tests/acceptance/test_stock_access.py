"""Tests PADFLEET_AUTH=jwt as Etherpad's own Socket.IO client sees it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from padfleet.services.fanout.auth.decision import author_of
from tests import signing
from tests.acceptance.npm import Npm, agree, borrow_npm, each_transport, new_pad, new_token
from tests.eventually import eventually_sync
from tests.fleet import Fleet
from tests.guest import DENY
from tests.signing import claims, signed

npm = pytest.fixture(borrow_npm)


@pytest.fixture(scope="module")
def closed(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A worker of the same fleet that requires tokens."""
    settings = {
        "PADFLEET_AUTH": "jwt",
        "PADFLEET_JWT_SECRET": signing.SECRET,
        "PADFLEET_JWT_NAME": "__Host-pads",
        "PADFLEET_JWT_LEEWAY_S": "0",
    }
    with Fleet(fleet.redis_url, tmp_path_factory.mktemp("closed"), settings) as running:
        yield running.start(writers=0, workers=1).urls[0]


def token(**more: Any) -> str:
    return signed(claims(**more))


@each_transport
def test_people_with_tokens_write_together(
    npm: Npm, closed: str, transports: Sequence[str]
) -> None:
    pad = new_pad()
    ada = npm.open(closed, transports=transports, cookie=f"__Host-pads={token(sub='ada')}")
    bob = npm.open(closed, transports=transports, auth={"__Host-pads": token(sub="bob")})
    for client, name in ((ada, "ada"), (bob, "bob")):
        client.join(pad, token=new_token())
        assert client.author == author_of(name)
    ada.type(0, 0, "by ada, ")
    bob.type(0, 0, "by bob, ")
    text = agree([ada, bob])
    assert "by ada, " in text
    assert "by bob, " in text


@each_transport
def test_without_a_token_and_when_it_has_run_out(
    npm: Npm, closed: str, transports: Sequence[str]
) -> None:
    pad = new_pad()
    nobody = npm.open(closed, transports=transports)
    nobody.ready(pad, token=new_token())
    eventually_sync(lambda: nobody.messages == [DENY], "no access")
    short = token(sub="short", exp=int(time.time()) + 6)
    guest = npm.open(closed, transports=transports, cookie=f"__Host-pads={short}")
    guest.join(pad)
    eventually_sync(lambda: guest.messages[-1] == DENY, "access is gone", timeout=20)
    assert not guest.all("disconnect")
    again = npm.open(closed, transports=transports, auth={"__Host-pads": token(sub="short")})
    again.ready(pad, client_rev=0, reconnect=True)
    assert again.one("CLIENT_RECONNECT")["noChanges"] is True
