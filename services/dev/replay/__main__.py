"""Runs the command `padfleet replay TRACE --url URL [--url URL …]`."""

import argparse
import asyncio
import secrets
import sys
import time
from collections.abc import Callable, Coroutine, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import uvloop

from padfleet.services.dev.replay.author import ReplayAuthor, ReplayFailed, ReplayLedger
from padfleet.services.dev.replay.model import ReplayModel, shortened
from padfleet.services.dev.replay.trace import BadTrace, EditTrace, read_trace
from padfleet.shared.client import Pad, PadError, PadUrl, ProtocolError, connect
from padfleet.shared.easysync import from_units, to_units

STALLED = 30.0
"""How many seconds may pass without any progress before the replay has failed."""

PROGRESS_INTERVAL = 2.0


@dataclass(frozen=True)
class ReplayReport:
    revisions: int
    seconds: float
    messages: int
    batches: int
    batched: int
    bytes: int
    exact: int  #: edits made on exactly the recorded text


def main(argv: list[str]) -> int:
    """Plays a trace on a fleet, and compares the text at its end. Returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        trace = read_trace(Path(arguments.trace))
        played = shortened(trace, arguments.limit)  # finds bad patches before anyone connects
        if arguments.limit is not None:
            trace = played
        urls = [f"{url.rstrip('/')}/p/{arguments.pad}" for url in arguments.url]
        for url in urls:
            PadUrl.parse(url)
    except (BadTrace, OSError) as error:
        print(f"padfleet replay: {arguments.trace}: {error}", file=sys.stderr)
        return 2
    except PadError as error:
        print(f"padfleet replay: {error}", file=sys.stderr)
        return 2
    try:
        report = uvloop.run(replay(trace, urls, arguments.readers, arguments.merge))
    except (ReplayFailed, PadError, ProtocolError) as error:
        print(f"\npadfleet replay: {error}", file=sys.stderr)
        return 1
    rate = report.revisions / report.seconds if report.seconds else 0.0
    print(f"transactions {len(trace.transactions)} by {trace.agents} authors")
    print(f"revisions    {report.revisions} in {report.seconds:.1f} s, {rate:.0f} a second")
    print(f"exact        {report.exact} edits made on the very text that they were made on")
    print(f"messages     {report.messages}, {report.bytes} bytes received")
    print(f"batches      {report.batches} with {report.batched} revisions in them")
    print(
        f"ok: {arguments.readers} readers and {trace.agents} authors agree with endContent "
        f"({len(trace.end_content)} characters)"
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="padfleet replay",
        description="Replay a concurrent editing trace through real sockets, each edit made on "
        "exactly the text that it was made on, and compare what every reader has at the end.",
    )
    parser.add_argument("trace", metavar="TRACE", help="the trace, JSON or gzipped JSON")
    parser.add_argument(
        "--url",
        action="append",
        required=True,
        metavar="URL",
        help="a worker, as http://host:port; of several, each author takes the next",
    )
    parser.add_argument("--readers", type=_count, default=50, help="readers, over all workers (50)")
    parser.add_argument("--pad", default=f"replay-{secrets.token_hex(4)}", help="a fresh pad's id")
    parser.add_argument(
        "--merge",
        type=_count,
        default=20,
        metavar="N",
        help="transactions of an author in one revision, at most (20); nothing is merged that "
        "somebody else has seen the middle of",
    )
    parser.add_argument("--limit", type=_count, help="replay only the first transactions")
    return parser


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return value


async def replay(trace: EditTrace, urls: list[str], readers: int, merge: int) -> ReplayReport:
    """Replays a trace, and returns what it took. Raises `ReplayFailed` if a text differs in the
    end, or nothing moves any more."""
    async with AsyncExitStack() as stack:
        connector = aiohttp.TCPConnector(limit=0)
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))

        async def opened(number: int, *, text_only: bool) -> Pad:
            url = urls[number % len(urls)]
            return await stack.enter_async_context(
                connect(url, http=http, text_only=text_only, resume=False)
            )

        writing = [await opened(0, text_only=False)]
        await _clear(writing[0])
        for agent in range(1, trace.agents):
            writing.append(await opened(agent, text_only=False))
            await writing[-1].until(lambda: writing[-1].rev >= writing[0].rev)
        reading = [await opened(number, text_only=True) for number in range(readers)]
        for reader in reading:
            reader.on_event(lambda _event: None)

        ledger = ReplayLedger(writing)
        model = ReplayModel(trace.agents, views=2 * trace.agents)
        authors = [
            ReplayAuthor(agent, trace, pad, ledger, model, merge)
            for agent, pad in enumerate(writing)
        ]
        start, first = time.monotonic(), writing[0].rev

        def state() -> tuple[int, int, int]:
            head = max(pad.rev for pad in writing)
            return ledger.done, head - first, sum(reader.rev for reader in reading)

        async with _Watch(
            len(trace.transactions), state, lambda: _who_waits(authors, reading)
        ) as watch:
            await watch.all(author.run() for author in authors)
            head = max(pad.rev for pad in writing)
            await watch.all(
                pad.until(lambda pad=pad: pad.rev >= head)  # type: ignore[misc]
                for pad in (*writing, *reading)
            )
        seconds = time.monotonic() - start
        _compare(trace, writing, reading)
        pads = [*writing, *reading]
        return ReplayReport(
            head - first,
            seconds,
            sum(pad.traffic.messages for pad in pads),
            sum(pad.state.counts.batches for pad in pads),
            sum(pad.state.counts.batched for pad in pads),
            sum(pad.traffic.bytes for pad in pads),
            ledger.exact,
        )


async def _clear(pad: Pad) -> None:
    """Removes the text of a new pad. Text that somebody has written is not touched."""
    if pad.text == "\n":
        return
    if pad.rev > 0:
        raise ReplayFailed("the pad has been written to already; name one that is new")
    await pad.edit(0, len(pad.text) - 1, "")
    await pad.flush()


def _compare(trace: EditTrace, writing: list[Pad], reading: list[Pad]) -> None:
    expected = to_units(trace.end_content) + "\n"
    everybody = [(f"author {i}", pad) for i, pad in enumerate(writing)]
    everybody += [(f"reader {i}", pad) for i, pad in enumerate(reading)]
    for who, pad in everybody:
        if pad.text != expected:
            at = next(
                (i for i, (a, b) in enumerate(zip(pad.text, expected, strict=False)) if a != b),
                min(len(pad.text), len(expected)),
            )
            has, wants = (from_units(text[at : at + 20]) for text in (pad.text, expected))
            raise ReplayFailed(f"{who} differs at {at}: has {has!r}, endContent {wants!r}")


def _who_waits(authors: list[ReplayAuthor], reading: list[Pad]) -> str:
    waiting = [f"author {a.agent} waits for {a.waits_for}" for a in authors if a.waits_for]
    revs = sorted({reader.rev for reader in reading})
    return "; ".join([*waiting, f"readers are at revisions {revs[0]} to {revs[-1]}"])


class _Watch:
    """Shows how far the replay is, and ends it when nothing moves."""

    def __init__(
        self, total: int, state: Callable[[], tuple[int, int, int]], who: Callable[[], str]
    ) -> None:
        self._total = total
        self._state = state
        self._who = who
        self._stalled: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> "_Watch":
        self._task = asyncio.create_task(self._look())
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._task.cancel()
        self._stalled.cancel()
        if sys.stderr.isatty():
            print(file=sys.stderr)

    async def all(self, coroutines: Iterable[Coroutine[Any, Any, None]]) -> None:
        """Runs the coroutines concurrently. The first error, or a standstill, ends all of them."""
        tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
        try:
            pending = {*tasks, self._stalled}
            while pending - {self._stalled}:
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self) -> None:
        last, since, start = self._state(), time.monotonic(), time.monotonic()
        while True:
            await asyncio.sleep(PROGRESS_INTERVAL)
            now, moment = self._state(), time.monotonic()
            if now != last:
                last, since = now, moment
            elif moment - since > STALLED:
                why = f"nothing has moved for {STALLED:g} s: {self._who()}"
                self._stalled.set_exception(ReplayFailed(why))
                return
            done, revisions, _ = now
            line = (
                f"{done}/{self._total} transactions, {revisions} revisions, "
                f"{revisions / (moment - start):.0f} a second"
            )
            end = "\r" if sys.stderr.isatty() else "\n"
            print(line, end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
