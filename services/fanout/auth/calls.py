"""This module asks the operator's service, as seldom as possible."""

import asyncio
import logging
import time

import aiohttp

from padfleet.services.fanout import metrics
from padfleet.services.fanout.auth import hook
from padfleet.services.fanout.auth.answers import AnswerCache
from padfleet.services.fanout.auth.decision import Denied, Grant, Reason
from padfleet.services.fanout.auth.web import Unavailable, fetch
from padfleet.shared.limited.turns import FairQueue, QueueFull
from padfleet.shared.payers import Payer
from padfleet.shared.tasks import awaited

log = logging.getLogger(__name__)

LIMIT = 64 * 1024
"""How many bytes an answer may have."""

WAITING = 10_000
"""How many questions may wait for their turn: everybody who comes back when a worker has died, and
no flood of somebody who asks for a new pad each time."""


class AuthHook:
    """The operator's service. Identical questions at the same time share one call, and for a while
    after it they need none."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        url: str,
        *,
        secret: str,
        timeout: float,
        max_lifetime: float,
        at_once: int,
        answers: AnswerCache[Grant | None],
    ) -> None:
        """Takes the service's URL and its limits: `timeout` and `max_lifetime` are in seconds, and
        `at_once` bounds the number of calls in progress."""
        self._http = http
        self._url = url
        self._secret = secret
        self._timeout = timeout
        self._max_lifetime = max_lifetime
        self._turns = FairQueue(at_once, waiting=WAITING, of_one=WAITING)
        self._answers = answers
        self._calls: dict[bytes, asyncio.Task[Grant | None]] = {}
        self._failing = False

    @property
    def failing(self) -> bool:
        """Whether the last call had no valid answer."""
        return self._failing

    @property
    def waiting(self) -> int:
        """How many questions wait for their turn."""
        return self._turns.waiting

    async def ask(self, question: bytes, payer: Payer) -> Grant:
        """Returns what the service grants to a client from this address. Raises `Denied` if it says
        no, and for anything else that is not a clear yes."""
        now = time.time()
        known = self._answers.get(question, now)
        if known is not None and not _is_over(known.answer, now):
            answer = known.answer
        else:
            # It is shielded because a client that leaves must not cancel the call for others with
            # the same question.
            answer = await asyncio.shield(self._under_way(question, payer))
        if answer is None:
            raise Denied("the hook says no", Reason.HOOK)
        return answer

    def _under_way(self, question: bytes, payer: Payer) -> "asyncio.Task[Grant | None]":
        call = self._calls.get(question)
        if call is None:
            call = self._calls[question] = awaited(self._call(question, payer), "hook")
            call.add_done_callback(lambda _: self._calls.pop(question, None))
        return call

    async def _call(self, question: bytes, payer: Payer) -> Grant | None:
        try:
            # The time that a call waits for its turn does not count against the service: when
            # thousands come back at once, they should be late, and not denied. Addresses take
            # turns, so that one that asks without end makes only itself late.
            async with self._turns.turn(payer):
                body = await fetch(
                    self._http,
                    self._url,
                    timeout=self._timeout,
                    limit=LIMIT,
                    body=question,
                    bearer=self._secret,
                )
            now = time.time()
            answer = hook.read_answer(body, max_lifetime=self._max_lifetime, now=now)
        except QueueFull:
            raise Denied("too many wait for the hook's answer", Reason.HOOK_BUSY) from None
        except (Unavailable, Denied) as error:
            metrics.HOOK_CALLS.labels("failed").inc()
            self._say_failing(str(error))
            raise Denied(str(error), Reason.HOOK_FAILED) from None
        metrics.HOOK_CALLS.labels("no" if answer is None else "yes").inc()
        if self._failing:
            self._failing = False
            log.info("the hook answers again")
        self._answers.put(question, answer, now)
        return answer

    def _say_failing(self, why: str) -> None:
        """Logs once that the service fails, and not for each client that is denied meanwhile; those
        are counted."""
        if not self._failing:
            self._failing = True
            log.warning("the hook fails; everybody is denied until it answers", extra={"why": why})


def _is_over(answer: Grant | None, now: float) -> bool:
    return answer is not None and answer.expires is not None and answer.expires <= now
