"""Tests PADFLEET_AUTH=hook with a real worker, real clients and a real service."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import pytest

from padfleet.services.fanout.auth.decision import author_of
from tests.acceptance.npm import new_pad
from tests.eventually import eventually
from tests.fleet import Member
from tests.guest import DENY, Guest
from tests.integration.fanout.conftest import StartWorker
from tests.service import Request, Service

ANYBODY = {"allow": True, "write": True, "author": "ada"}


async def says_of_access(worker: Member) -> tuple[int, dict[str, Any]]:
    """Returns the status of the worker's readiness, and what it says of access."""
    url = f"{worker.url}/health/ready"
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return answer.status, (await answer.json())["checks"]["access"]


class Operator:
    """The operator's service: `decide` gets the facts of a join and returns the answer."""

    def __init__(self) -> None:
        self.decide: Callable[[dict[str, Any]], Any] = lambda facts: ANYBODY
        self.broken: tuple[int, bytes] | None = None
        self.service = Service(self._respond)

    def _respond(self, request: Request) -> tuple[int, bytes]:
        if self.broken is not None:
            return self.broken
        return 200, json.dumps(self.decide(json.loads(request.body))).encode()

    def asked_about(self, pad: str) -> list[dict[str, Any]]:
        facts = [json.loads(request.body) for request in list(self.service.requests)]
        return [one for one in facts if one["pad"] == pad]


@pytest.fixture(scope="module")
def running() -> Iterator[Operator]:
    made = Operator()
    with made.service:
        yield made


@pytest.fixture
def operator(running: Operator) -> Iterator[Operator]:
    yield running
    running.decide, running.broken = lambda facts: ANYBODY, None


@pytest.fixture(scope="module")
def worker(start_worker: StartWorker, running: Operator) -> Member:
    return start_worker(
        PADFLEET_AUTH="hook",
        PADFLEET_HOOK_URL=f"{running.service.url}/may",
        PADFLEET_HOOK_SECRET="hunter2-of-the-hook",
        PADFLEET_HOOK_COOKIES="sid,missing",
        PADFLEET_HOOK_TIMEOUT_MS="5000",
        PADFLEET_HOOK_TTL_MS="60000",
    )


def guest_of(worker: Member, sid: str = "s1", **more: Any) -> Guest:
    return Guest(worker.url, cookie=f"sid={sid}; other=hunter2-of-ada", **more)


def denials(worker: Member, reason: str) -> float:
    return worker.metric(f'padfleet_fanout_denied_total{{reason="{reason}"}}')


# --- Asking --------------------------------------------------------------------------------------


async def test_the_service_is_told_the_facts_and_its_answer_holds(
    worker: Member, operator: Operator
) -> None:
    pad = new_pad()
    operator.decide = lambda facts: ANYBODY | {"name": "Ada 😀", "color": "#aabbcc"}
    async with guest_of(worker, query="embed=1&token=hunter2-of-ada") as guest:
        await guest.join(pad, userInfo={"name": "eve", "colorId": "#000000"})
        found = guest.vars
    assert (found["userId"], found["userName"]) == (author_of("ada"), "Ada 😀")
    assert (found["userColor"], found["readonly"]) == ("#aabbcc", False)
    assert operator.asked_about(pad) == [
        {
            "pad": pad,
            "requested": pad,
            "readOnly": False,
            "address": "127.0.0.1",
            "cookies": {"sid": "s1"},
            "query": {"embed": "1"},
        }
    ]
    last = operator.service.requests[-1]
    assert (last.method, last.path) == ("POST", "/may")
    assert last.headers["authorization"] == "Bearer hunter2-of-the-hook"
    assert last.headers["content-type"] == "application/json"


async def test_a_read_only_address_is_asked_about_by_its_pad(
    worker: Member, operator: Operator
) -> None:
    pad = new_pad()
    async with guest_of(worker) as guest:
        await guest.join(pad)
        address = guest.vars["readOnlyId"]
    async with guest_of(worker) as guest:
        await guest.join(address)
        assert guest.vars["readonly"] is True, "whatever the service allows"
        assert pad not in str(guest.messages)
    asked = operator.asked_about(pad)[-1]
    assert (asked["requested"], asked["readOnly"]) == (address, True)


async def test_whom_the_hook_lets_read_only_cannot_write(
    worker: Member, operator: Operator
) -> None:
    pad = new_pad()
    operator.decide = lambda facts: ANYBODY | {"write": facts["cookies"]["sid"] == "writer"}
    async with guest_of(worker, "reader") as reader:
        assert (await reader.ready(pad))["message"] == "access denied", "there is no pad yet"
    async with guest_of(worker, "writer") as writer:
        await writer.join(pad)
    async with guest_of(worker, "reader") as reader:
        await reader.join(pad)
        assert reader.vars["readonly"] is True
        error = await reader.write("no")
        assert error["message"] == "COLLABROOM: write attempt on read-only pad"


async def test_whom_the_hook_refuses_is_denied(worker: Member, operator: Operator) -> None:
    before = denials(worker, "hook")
    operator.decide = lambda facts: {"allow": False}
    async with guest_of(worker) as guest:
        assert (await guest.ready(new_pad()))["message"] == "access denied"
        assert guest.messages == [DENY]
    assert denials(worker, "hook") == before + 1


async def test_the_same_question_is_asked_once(worker: Member, operator: Operator) -> None:
    """It is asked once while the first question waits for its answer, and for a while after that.
    Another question is asked separately."""
    pad, go_on = new_pad(), threading.Event()

    def decide(facts: dict[str, Any]) -> Any:
        assert go_on.wait(10)
        return ANYBODY

    operator.decide = decide
    guests = [guest_of(worker) for _ in range(5)]
    try:
        for guest in guests:
            await guest.__aenter__()
        joining = [asyncio.create_task(guest.ready(pad)) for guest in guests]
        await eventually(lambda: operator.asked_about(pad))
        go_on.set()
        assert await asyncio.gather(*joining) == [None] * len(guests)
    finally:
        go_on.set()
        for guest in guests:
            await guest.__aexit__()
    async with guest_of(worker) as late:
        await late.join(pad)
    assert len(operator.asked_about(pad)) == 1
    async with guest_of(worker, "s2") as other:
        await other.join(pad)
    assert len(operator.asked_about(pad)) == 2


# --- No answer -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "broken",
    [
        (500, b'{"allow": true, "write": true, "author": "ada"}'),
        (302, b'{"allow": true, "write": true, "author": "ada"}'),
        (200, b"<html>allow</html>"),
        (200, b'{"allow": "yes", "author": "ada"}'),
        (200, b'{"allow": true}'),
        (200, b'{"allow": true, "author": "ada", "name": "' + b"x" * 100_000 + b'"}'),
    ],
    ids=["error", "redirect", "no-json", "no-boolean", "no-author", "too-long"],
)
async def test_what_is_no_answer_is_a_no(
    worker: Member, operator: Operator, broken: tuple[int, bytes]
) -> None:
    before, pad = denials(worker, "hook_failed"), new_pad()
    operator.broken = broken
    async with guest_of(worker) as guest:
        assert (await guest.ready(pad))["message"] == "access denied"
        assert guest.messages == [DENY]
        assert denials(worker, "hook_failed") == before + 1
        operator.broken = None
        await guest.join(pad)  # a failure is not remembered


async def test_a_service_that_hangs_or_is_down_lets_nobody_in(start_worker: StartWorker) -> None:
    go_on = threading.Event()

    def hang(_request: Request) -> tuple[int, bytes]:
        go_on.wait(10)
        return 200, json.dumps(ANYBODY).encode()

    with Service(hang) as service:
        worker = start_worker(
            PADFLEET_AUTH="hook",
            PADFLEET_HOOK_URL=service.url.replace("//", "//us:hunter2-in-the-url@"),
            PADFLEET_HOOK_TIMEOUT_MS="1000",
        )
        async with guest_of(worker) as guest:
            assert (await guest.ready(new_pad()))["message"] == "access denied"
        status, said = await says_of_access(worker)
        assert status == 200, "those who are on it go on"
        assert said == {
            "ok": True,
            "why": "the access hook has no valid answers: everybody who comes is denied",
        }
        go_on.set()
        async with guest_of(worker) as guest:
            await guest.join(new_pad())
        assert await says_of_access(worker) == (200, {"ok": True, "why": ""})
        auth = service.requests[-1].headers["authorization"]
        assert auth.startswith("Basic "), "the credentials of the URL"
    async with guest_of(worker) as guest:
        assert (await guest.ready(new_pad()))["message"] == "access denied"
        assert guest.messages == [DENY]
    assert denials(worker, "hook_failed") == 2
    log = worker.log.read_text()
    assert "does not answer within 1 seconds" in log
    assert log.count("the hook fails; everybody is denied until it answers") == 2
    assert log.count("the hook answers again") == 1
    assert "hunter2" not in log


# --- Running out ---------------------------------------------------------------------------------


async def test_when_an_answer_runs_out_it_is_asked_for_again(
    worker: Member, operator: Operator
) -> None:
    """Nobody notices, as long as it stays the same; then the session ends, and no other does."""
    name = new_pad()

    def decide(facts: dict[str, Any]) -> Any:
        if facts["cookies"]["sid"] == "other":
            return ANYBODY | {"author": "other"}
        return ANYBODY | {"exp": time.time() + 2}

    operator.decide = decide
    async with guest_of(worker, "short") as short, guest_of(worker, "other") as other:
        await other.join(name)
        await short.join(name)
        await eventually(lambda: len(operator.asked_about(name)) >= 3, "it is asked again")
        assert await short.write("still here") is None
        assert short.connected
        assert DENY not in short.messages

        operator.decide = lambda facts: {"allow": False}
        await short.hears(lambda: DENY in short.messages, "that access is gone")
        await other.hears(lambda: other.heard("USER_LEAVE"), "that the other has left")
        error = await short.write("no more", base=1)
        assert "pre-CLIENT_READY" in error["message"]
        assert await other.write("I may", base=0) is None
        assert DENY not in other.messages


async def test_changed_rights_make_a_client_join_again(worker: Member, operator: Operator) -> None:
    operator.decide = lambda facts: ANYBODY | {"exp": time.time() + 2}
    async with guest_of(worker, "changing") as guest:
        pad = new_pad()
        await guest.join(pad)
        operator.decide = lambda facts: ANYBODY | {"write": False}
        await eventually(lambda: not guest.connected, "the connection is broken off")
        assert DENY not in guest.messages
    async with guest_of(worker, "changing") as guest:
        await guest.join(pad)
        assert guest.vars["readonly"] is True


# --- What is logged ------------------------------------------------------------------------------


async def test_no_secret_is_in_the_logs(worker: Member, operator: Operator) -> None:
    """This covers the logs of the tests above, where they have run, and those of a refusal and a
    failure here."""
    operator.decide = lambda facts: {"allow": False}
    async with guest_of(worker, query="token=hunter2-of-ada") as guest:
        assert (await guest.ready(new_pad()))["message"] == "access denied"
        operator.broken = (500, b"hunter2-of-the-service")
        assert (await guest.ready(new_pad()))["message"] == "access denied"
    log = worker.log.read_text()
    assert "the hook says no" in log
    assert "the hook fails" in log
    assert "hunter2" not in log
