"""Tests PADFLEET_AUTH=jwt with keys from files and from an issuer, with a real worker and real
clients."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import signing
from tests.acceptance.npm import new_pad
from tests.eventually import eventually
from tests.fleet import Fleet, Member
from tests.guest import Guest
from tests.integration.fanout.conftest import StartWorker
from tests.service import Service
from tests.signing import claims, signed


class Issuer:
    """Publishes its current keys; `away` makes it fail."""

    def __init__(self, *kids: str) -> None:
        self.kids = kids
        self.away = False
        self.service = Service(self._respond)

    def _respond(self, _request: Any) -> tuple[int, bytes]:
        if self.away:
            return 503, b"out to lunch"
        return 200, signing.jwks(*(signing.jwk(signing.ed25519(k), k) for k in self.kids))

    def token(self, kid: str, **more: Any) -> str:
        return signed(claims(**more), signing.ed25519(kid), kid)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    made = Issuer("one")
    with made.service:
        yield made


async def lets_in(worker: Member, value: str) -> bool:
    async with Guest(worker.url, cookie=f"padfleet_token={value}") as guest:
        return await guest.ready(new_pad()) is None


async def test_keys_come_and_go_with_the_issuer(start_worker: StartWorker, issuer: Issuer) -> None:
    worker = start_worker(
        PADFLEET_AUTH="jwt",
        PADFLEET_JWT_JWKS_URL=f"{issuer.service.url}/keys",
        PADFLEET_JWT_JWKS_PAUSE_MS="200",
        PADFLEET_JWT_JWKS_REFRESH_S="3600",
    )
    assert len(issuer.service.requests) == 1, "at start"
    assert await lets_in(worker, issuer.token("one"))
    assert not await lets_in(worker, issuer.token("two"))

    issuer.kids = ("two",)

    async def two() -> bool:
        return await lets_in(worker, issuer.token("two"))

    await eventually(two, "an unknown key makes it ask again")
    assert not await lets_in(worker, issuer.token("one")), "that is not published any more"

    issuer.away = True
    assert not await lets_in(worker, issuer.token("three"))
    assert await lets_in(worker, issuer.token("two")), "known keys do without the issuer"
    issuer.away, issuer.kids = False, ()
    assert await lets_in(worker, issuer.token("two")), "an empty set is no set"
    issuer.kids = ("two", "three")

    async def three() -> bool:
        return await lets_in(worker, issuer.token("three"))

    await eventually(three, "it is asked again")
    assert await lets_in(worker, issuer.token("two"))
    assert worker.metric("padfleet_fanout_key_fetches_total") >= 3


async def test_unknown_keys_do_not_make_it_ask_at_any_rate(
    start_worker: StartWorker, issuer: Issuer
) -> None:
    worker = start_worker(
        PADFLEET_AUTH="jwt",
        PADFLEET_JWT_JWKS_URL=issuer.service.url,
        PADFLEET_JWT_JWKS_PAUSE_MS="3600000",
    )
    for number in range(5):
        assert not await lets_in(worker, issuer.token(f"made up {number}"))
    assert len(issuer.service.requests) == 1
    assert await lets_in(worker, issuer.token("one"))


async def test_old_keys_are_fetched_anew(start_worker: StartWorker, issuer: Issuer) -> None:
    """A key that is withdrawn is of no use, though nobody comes with a new one."""
    worker = start_worker(
        PADFLEET_AUTH="jwt",
        PADFLEET_JWT_JWKS_URL=issuer.service.url,
        PADFLEET_JWT_JWKS_REFRESH_S="1",
        PADFLEET_JWT_JWKS_PAUSE_MS="100",
    )
    assert await lets_in(worker, issuer.token("one"))
    issuer.kids = ("two",)

    async def withdrawn() -> bool:
        return not await lets_in(worker, issuer.token("one"))

    await eventually(withdrawn, "it is looked at again")


async def test_without_any_keys_nobody_comes_in(start_worker: StartWorker, issuer: Issuer) -> None:
    issuer.away = True
    worker = start_worker(
        PADFLEET_AUTH="jwt",
        PADFLEET_JWT_JWKS_URL=issuer.service.url.replace("//", "//user:hunter2@"),
        PADFLEET_JWT_JWKS_PAUSE_MS="100",
    )
    assert not await lets_in(worker, issuer.token("one"))
    issuer.away = False

    async def one() -> bool:
        return await lets_in(worker, issuer.token("one"))

    await eventually(one, "it is asked again")
    log = worker.log.read_text()
    assert "answers with status 503" in log
    assert "hunter2" not in log


# --- Files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"PADFLEET_JWT_SECRET": "short"}, "--jwt-secret: the secret has 5 bytes"),
        ({"PADFLEET_JWT_SECRET_FILE": "/nowhere/x"}, "--jwt-secret-file: /nowhere/x: No such file"),
        ({"PADFLEET_JWT_PUBLIC_KEY_FILE": "{folder}/private.pem"}, "this is a private key"),
        ({"PADFLEET_JWT_SECRET_FILE": "{folder}/public.pem"}, "which is no secret"),
        ({"PADFLEET_JWT_JWKS_FILE": "{folder}/public.pem"}, "public.pem: not JSON"),
    ],
)
def test_a_worker_does_not_start_with_a_key_that_is_none(
    shared_fleet: Fleet, tmp_path: Path, settings: dict[str, str], says: str
) -> None:
    (tmp_path / "private.pem").write_bytes(signing.private_pem(signing.rsa()))
    (tmp_path / "public.pem").write_bytes(signing.public_pem(signing.rsa()))
    given = {name: text.format(folder=tmp_path) for name, text in settings.items()}
    fleet = Fleet(
        shared_fleet.redis_url,
        tmp_path,
        {**shared_fleet.settings, **given, "PADFLEET_AUTH": "jwt"},
    )
    with pytest.raises(RuntimeError) as caught:
        fleet.start(writers=0, workers=1)
    assert says in str(caught.value)
    assert fleet.workers[0].process.returncode == 2
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize("kind", ["rsa", "ed25519", "jwks"])
async def test_tokens_are_verified_with_a_key_from_a_file(
    start_worker: StartWorker, tmp_path: Path, kind: str
) -> None:
    private = signing.ed25519() if kind == "ed25519" else signing.rsa()
    path = tmp_path / "key"
    path.write_bytes(
        signing.jwks(signing.jwk(private, "k")) if kind == "jwks" else signing.public_pem(private)
    )
    name = "PADFLEET_JWT_JWKS_FILE" if kind == "jwks" else "PADFLEET_JWT_PUBLIC_KEY_FILE"
    worker = start_worker(PADFLEET_AUTH="jwt", **{name: str(path)})
    assert await lets_in(worker, signed(claims(), private, "k"))
    assert not await lets_in(worker, signed(claims(), signing.rsa("other"), "k"))
    assert not await lets_in(worker, signed(claims(), signing.SECRET, "k"))
