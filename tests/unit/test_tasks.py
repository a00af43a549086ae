"""Tests work that is done together."""

import asyncio
import threading
import traceback
from collections.abc import Awaitable, Callable

import pytest

from padfleet.shared.task_faults import Boxed, TaskFault, hand_over
from padfleet.shared.tasks import Pending, all_of, aside
from tests.collector import Held, forgets
from tests.eventually import eventually


async def _after(steps: int, what: str, log: list[str]) -> str:
    try:
        for _ in range(steps):
            await asyncio.sleep(0)
    except asyncio.CancelledError:
        log.append(f"{what} cancelled")
        raise
    log.append(what)
    return what


async def _fails(steps: int, error: Exception) -> None:
    for _ in range(steps):
        await asyncio.sleep(0)
    raise error


async def test_what_is_boxed_hands_over_its_fault_where_it_is_awaited_too() -> None:
    assert await Boxed(_after(1, "value", [])) == "value"
    outcome = await Boxed(_raises(1, KeyError))
    assert isinstance(outcome, TaskFault)
    assert isinstance(outcome.take(), KeyError)


async def test_what_is_asked_together_goes_on_together_and_comes_in_the_order_asked() -> None:
    log: list[str] = []
    assert await all_of(_after(6, "a", log), _after(2, "b", log), _after(4, "c", log)) == [
        "a",
        "b",
        "c",
    ]
    assert log == ["b", "c", "a"]
    assert await all_of() == []
    assert await all_of(_after(1, "alone", log)) == ["alone"]


async def test_the_first_fault_comes_once_all_have_ended() -> None:
    log: list[str] = []
    with pytest.raises(ValueError, match="first"):
        await all_of(
            _after(9, "slow", log), _fails(5, ValueError("first")), _fails(1, KeyError("last"))
        )
    assert log == ["slow"]


@pytest.mark.parametrize("steps", [(50, 1), (1, 50), (50, 50)])
async def test_cancelling_the_caller_cancels_all_tasks_and_waits_for_them(
    steps: tuple[int, int],
) -> None:
    log: list[str] = []

    async def ask() -> None:
        await all_of(_after(steps[0], "other", log), _after(steps[1], "last", log))

    task = asyncio.ensure_future(ask())
    for _ in range(6):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(log) == sorted(
        f"{what} cancelled" if count == 50 else what
        for what, count in zip(("other", "last"), steps, strict=True)
    )


async def test_a_time_out_of_one_of_them_is_no_end_of_the_others() -> None:
    log: list[str] = []

    async def impatient() -> None:
        async with asyncio.timeout(0):
            await asyncio.Event().wait()

    for order in (lambda a, b: (a, b), lambda a, b: (b, a)):
        both: Callable[..., tuple[Awaitable[object], ...]] = order
        with pytest.raises(TimeoutError):
            await all_of(*both(impatient(), _after(5, "goes on", log)))  # type: ignore[arg-type]
    assert log == ["goes on", "goes on"]


async def _raises(steps: int, kind: type[Exception]) -> None:
    """Raises the error without keeping a reference to it, unlike `_fails`."""
    for _ in range(steps):
        await asyncio.sleep(0)
    raise kind


async def _lasts() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_a_fault_of_what_is_asked_together_keeps_nothing_of_who_asked(place: int) -> None:
    async def call(_held: Held) -> None:
        works = [
            _raises(2, KeyError) if number == place else _after(3, "", []) for number in range(3)
        ]
        await all_of(*works)

    await forgets(call, KeyError)


async def test_several_faults_or_a_cancelled_caller_keep_nothing() -> None:
    async def several(_held: Held) -> None:
        await all_of(_raises(1, ValueError), _raises(3, KeyError), _raises(2, OSError))

    async def ended(_held: Held) -> None:
        async with asyncio.timeout(0):
            await all_of(_lasts(), _lasts())

    await forgets(several, ValueError)
    await forgets(ended, TimeoutError)


async def test_what_is_asked_beside_has_begun_and_is_awaited_once() -> None:
    log: list[str] = []
    asked = Pending(_after(1, "beside", log), "test")
    for _ in range(3):
        await asyncio.sleep(0)
    assert log == ["beside"]
    assert await asked == "beside"
    asked.forget()
    with pytest.raises(AssertionError, match="twice"):
        await asked


async def test_what_nobody_wants_to_know_any_more_is_cancelled() -> None:
    log: list[str] = []
    asked = Pending(_after(50, "beside", log), "test")
    await asyncio.sleep(0)
    asked.forget()
    await asyncio.sleep(0)
    assert log == ["beside cancelled"]


async def test_cancelling_the_caller_cancels_what_it_started() -> None:
    log: list[str] = []

    async def ask() -> None:
        await Pending(_after(50, "beside", log), "test")

    task = asyncio.ensure_future(ask())
    for _ in range(3):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log == ["beside cancelled"]


async def test_a_fault_of_what_is_asked_beside_keeps_nothing_of_who_asked() -> None:
    async def call(_held: Held) -> None:
        asked = Pending(_raises(1, KeyError), "test")
        try:
            await asked
        finally:
            asked.forget()

    async def by_another_frame(_held: Held) -> None:
        asked = Pending(_raises(1, KeyError), "test")

        async def waits() -> None:
            await asked

        await waits()

    async def nobody_asks(_held: Held) -> None:
        asked = Pending(_raises(1, KeyError), "test")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        asked.forget()
        raise OSError

    await forgets(call, KeyError)
    await forgets(by_another_frame, KeyError)
    await forgets(nobody_asks, OSError)


@pytest.mark.filterwarnings("error")
async def test_what_is_given_up_before_it_has_begun_never_begins() -> None:
    log: list[str] = []
    Pending(_after(0, "beside", log), "test").forget()
    for _ in range(3):
        await asyncio.sleep(0)
    assert log == []


async def test_each_of_several_callers_gets_its_own_answer() -> None:
    loop = asyncio.get_running_loop()
    served, failed, gone = (loop.create_future() for _ in range(3))
    gone.cancel()
    hand_over(served, "an answer")
    hand_over(failed, ValueError("refused"))
    hand_over(gone, "too late")
    hand_over(served, ValueError("a second one"))
    assert await served == "an answer"
    with pytest.raises(ValueError, match="refused"):
        await failed
    assert gone.cancelled()


async def test_an_answer_that_is_a_fault_comes_without_the_frames_of_who_got_it() -> None:
    """One of the frames may hold the answer in a list, and everything would stay until a full
    collection."""

    def fails() -> Exception:
        try:
            raise ValueError("refused")
        except ValueError as error:
            return error

    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    error = fails()
    assert list(traceback.walk_tb(error.__traceback__))
    hand_over(answer, error)
    assert not list(traceback.walk_tb(error.__traceback__))
    assert answer.exception() is error


# --- Beside the event loop -----------------------------------------------------------------------


async def test_what_is_large_is_done_in_a_thread_and_what_is_small_at_once() -> None:
    here = threading.get_ident()
    assert await aside(False, threading.get_ident) == here
    assert await aside(True, threading.get_ident) != here
    assert await aside(True, "{}-{more}".format, 1, more=2) == "1-2"


@pytest.mark.parametrize("large", [False, True])
async def test_a_fault_is_raised_for_whoever_waits(large: bool) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        await aside(large, int, "x")


async def test_a_cancelled_caller_does_not_wait_for_its_thread_whose_fault_is_ignored(
    caplog: pytest.LogCaptureFixture,
) -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait()
        ended.set()
        raise ValueError("of interest to nobody")

    loop = asyncio.get_running_loop()
    faults: list[dict[str, object]] = []
    loop.set_exception_handler(lambda _, context: faults.append(context))
    waiting = asyncio.create_task(aside(True, work))
    await eventually(begun.is_set, "the thread runs")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not ended.is_set()
    go_on.set()
    await eventually(ended.is_set, "it goes on to its end")
    await loop.shutdown_default_executor()  # its result has arrived
    await asyncio.sleep(0)
    assert not faults
    assert not caplog.records


def test_a_process_ends_when_its_threads_have() -> None:
    """A thread cannot be broken off: whatever goes there has an end of its own."""
    ended = threading.Event()
    begun = threading.Event()

    def work() -> None:
        begun.set()
        asked.wait()
        ended.set()

    asked = threading.Event()

    async def main() -> None:
        task = asyncio.create_task(aside(True, work))
        await eventually(begun.is_set, "the thread runs")
        task.cancel()
        asyncio.get_running_loop().call_soon(asked.set)

    asyncio.run(main())
    assert ended.is_set()
