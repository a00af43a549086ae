"""Commits per second on one pad: fresh and 200 revisions stale, on small and on long documents.

Two ways of looking at each case. *Writer*: submissions wait in the inbox, a real writer process on
a real Redis is let loose on them, and the time is taken until the last one is a revision. *Pure*:
`WriterPad.submit` alone on the same submissions, beside a pad that does everything the plain way.

A submission is made for the very text of its revision, by one of five authors at a random place:
four of five insert a letter, a word or a newline, the others remove up to three characters.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.services.writer.pads.pad import WriterPad
from padfleet.shared.easysync import AttributePool, Builder, make_splice
from padfleet.shared.log.connection.connect import Redis, open_redis
from padfleet.shared.log.entries import Creation, Entry, Submission, encode_entry
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.pad.pads import settle_partitions
from padfleet.shared.log.records import Origin
from tests.benchmarks.figures import Report, cpu_seconds, parser
from tests.eventually import eventually
from tests.fleet import Fleet, Member
from tests.unit.writer.plain_pad import PlainPad

STALE = 200
PARTITIONS = 4
CREATOR = "a.creator"
AUTHORS = [f"a.author{number}" for number in range(5)]
PIPELINE = 500
LEASE_MS = 30_000
"""So long that a writer can be stopped while its inbox is filled, and keep its leases."""


@dataclass(frozen=True)
class Size:
    name: str
    units: int
    runs: int  #: of equal attributes


SIZES = [Size("300 units", 300, 10), Size("200 KB, 5,000 runs", 200_000, 5_000)]


@dataclass
class Work:
    """A pad and what is submitted to it. The first `STALE` submissions only build up the delay."""

    text: str
    dressing: Submission  #: gives the text its runs of attributes
    lead: list[Submission]
    measured: list[Submission]
    heads: list[int]  #: of the pad: after the dressing, after the lead, in the end


def made_for(size: Size, stale: int, count: int, seed: int) -> Work:
    """Makes the work, and proves that none of it is refused or changes nothing."""
    source = Random(seed)
    pad = WriterPad()
    lines = ("".join(source.choices("abcdefgh ", k=39)) for _ in range(size.units // 40))
    text = "\n".join(lines)
    pad.create(text, CREATOR, 1000)
    dressing = bold_now_and_then(pad.atext.text, size.runs)
    pad.submit(dressing, 1000)
    heads = [pad.head]
    texts = {pad.head: pad.atext.text}
    made: list[Submission] = []
    for number in range(count + stale):
        base = max(heads[0], pad.head - stale)
        texts = {rev: known for rev, known in texts.items() if rev >= base}
        made.append(one_edit(source, texts[base], base, number + 1))
        result = pad.submit(made[-1], 1000)
        if len(result.revisions) != 1 and number >= stale:
            # Two have removed the same characters, so that the second one changes nothing.
            assert result.outcome is not None
            assert result.outcome.kind == "accepted", result.outcome
        texts[pad.head] = pad.body.text_between(0, pad.body.units)
        if number + 1 == stale:
            heads.append(pad.head)
    if not stale:
        heads.append(heads[0])
    heads.append(pad.head)
    return Work(text, dressing, made[:stale], made[stale:], heads)


def bold_now_and_then(text: str, runs: int) -> Submission:
    pool = AttributePool()
    builder = Builder(len(text))
    step = max(1, len(text) // runs)
    for number in range(runs):
        attribs = [("bold", "true")] if number % 2 else []
        builder.keep_text(text[number * step : (number + 1) * step], attribs, pool)
    changeset = builder.to_changeset()
    return Submission("", Origin("d", 1), 1, 0, CREATOR, 0, changeset, pool.to_jsonable())


def one_edit(source: Random, text: str, base: int, seq: int) -> Submission:
    author = source.choice(AUTHORS)
    pool = AttributePool()
    at = source.randrange(len(text) - 1)
    if source.random() < 0.8:
        typed = source.choice(["a", "b", "c", "word", "\n"])
        changeset = make_splice(text, at, 0, typed, [("author", author)], pool)
    else:
        changeset = make_splice(text, at, min(source.randint(1, 3), len(text) - 1 - at), "")
    return Submission("", Origin("s", seq), 1, 0, author, base, changeset, pool.to_jsonable())


# --- Pure ----------------------------------------------------------------------------------------


def pure(work: Work) -> float:
    """Returns the µs per submission."""
    pad = WriterPad()
    pad.create(work.text, CREATOR, 1000)
    for submission in (work.dressing, *work.lead):
        pad.submit(submission, 1000)
    started = time.perf_counter()
    for submission in work.measured:
        pad.submit(submission, 1000)
    spent = time.perf_counter() - started
    assert pad.head == work.heads[-1]
    return spent / len(work.measured) * 1e6


def plain(work: Work, count: int) -> float:
    """Returns the same for the plain way, for the first `count` of them."""
    pad = PlainPad(work.text, CREATOR)
    for submission in (work.dressing, *work.lead):
        pad.submit(submission, 1000)
    started = time.perf_counter()
    for submission in work.measured[:count]:
        pad.submit(submission, 1000)
    return (time.perf_counter() - started) / count * 1e6


# --- Writer --------------------------------------------------------------------------------------


@dataclass
class Bench:
    """A writer on a Redis of its own."""

    redis: Redis
    keyspace: Keyspace
    writer: Member
    server_pid: int
    pads: int = 0

    async def commits(self, work: Work) -> tuple[float, float, float]:
        """Returns, per commit, the seconds by the clock, the CPU seconds of the writer, and the CPU
        seconds of Redis."""
        self.pads += 1
        pad = f"pad-{self.pads}"
        await self.feed(pad, [Creation(pad, Origin("c", 1), CREATOR, work.text)])
        await self.reaches(pad, 0)
        await self.feed(pad, [work.dressing])
        await self.reaches(pad, work.heads[0])
        await self.feed(pad, work.lead)
        await self.reaches(pad, work.heads[1])
        self.writer.freeze()
        try:
            await self.feed(pad, work.measured)
            processes = [self.writer.process.pid, self.server_pid]
            before = [cpu_seconds([pid]) for pid in processes]
            started = time.perf_counter()
        finally:
            self.writer.thaw()
        await self.reaches(pad, work.heads[2])
        spent = time.perf_counter() - started
        writer, server = (
            cpu_seconds([pid]) - used for pid, used in zip(processes, before, strict=True)
        )
        count = work.heads[2] - work.heads[1]
        return spent / count, writer / count, server / count

    async def feed(self, pad: str, entries: Sequence[Creation | Submission]) -> None:
        """Puts entries straight into the inbox, many to a round trip, so that the writer alone
        takes time."""
        inbox = self.keyspace.inbox(self.keyspace.partition_of(pad))
        epoch = (await read_meta(self.redis, self.keyspace.pad(pad))).epoch
        for start in range(0, len(entries), PIPELINE):
            pipeline = self.redis.client.pipeline(transaction=False)
            for entry in entries[start : start + PIPELINE]:
                mine: Entry = (
                    replace(entry, pad=pad, epoch=epoch)
                    if isinstance(entry, Submission)
                    else replace(entry, pad=pad)
                )
                _ = pipeline.xadd(inbox, {"e": encode_entry(mine)})
            await pipeline.execute()

    async def reaches(self, pad: str, head: int) -> None:
        async def there() -> bool:
            return (await read_meta(self.redis, self.keyspace.pad(pad))).head >= head

        await eventually(there, f"{pad} is at revision {head}", timeout=120)
        found = (await read_meta(self.redis, self.keyspace.pad(pad))).head
        assert found == head, f"{pad} went on to {found}, not {head}"


@contextmanager
def fleet(folder: Path) -> Iterator[tuple[Fleet, EmbeddedServer]]:
    settings = {"PADFLEET_LEASE_MS": str(LEASE_MS), "PADFLEET_PARTITIONS": str(PARTITIONS)}
    with (
        EmbeddedServer(folder / "redis") as server,
        Fleet(server.url, folder, settings) as writers,
    ):
        yield writers.start(writers=1, workers=0), server


async def measure(report: Report, folder: Path, repeat: int, counts: tuple[int, int, int]) -> None:
    fresh, stale, by_the_plain_way = counts
    with fleet(folder) as (writers, server):
        redis = open_redis(server.url)
        await redis.start()
        try:
            await settle_partitions(redis, PARTITIONS)
            bench = Bench(redis, Keyspace(PARTITIONS), writers.writers[0], server.pid)
            for seed in range(repeat):
                for size in SIZES:
                    for name, work in (
                        ("fresh", made_for(size, 0, fresh, seed)),
                        (f"{STALE} stale", made_for(size, STALE, stale, seed)),
                    ):
                        case = f"{name}, {size.name}"
                        report.add(f"pure, {case}", "µs per submission", pure(work))
                        report.add(
                            f"pure, {case}, the plain way",
                            "µs per submission",
                            plain(work, by_the_plain_way),
                        )
                        wall, writer, redis_cpu = await bench.commits(work)
                        report.add(f"writer, {case}", "commits/s", 1 / wall)
                        report.add(f"writer, {case}", "writer CPU-µs per commit", writer * 1e6)
                        report.add(f"writer, {case}", "Redis CPU-µs per commit", redis_cpu * 1e6)
        finally:
            await redis.close()


def main(argv: list[str] | None = None) -> None:
    options = parser(__doc__.partition("\n")[0] if __doc__ else "").parse_args(argv)
    repeat, counts = options.repeat, (6000, 4000, 200)
    if options.short:
        repeat, counts = 1, (100, 100, 10)
    report = Report("Commits on one pad")
    report.notes.append(
        "The writer is one process on one core: it saturates, while Redis has time left "
        "(compare the CPU-µs per commit; the system counts in ticks of 10 ms, which comes to a few "
        "µs per commit). Snapshots and chunks at their defaults are included."
    )
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(report, Path(folder), repeat, counts))
    report.finish(options.out)


if __name__ == "__main__":
    main()
