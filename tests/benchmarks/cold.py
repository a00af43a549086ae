"""Measures what pads cost that nobody is on: in Redis, on disk, and when somebody comes.

First a store of files, on this machine's disk: what a revision and a pad take there, and what it
costs to bring them there. Then a fleet with such a store: what is left of a pad in Redis, how fast
pads leave it, how long a join takes that brings one back, and what writing behind adds to a
writer's work.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from padfleet.services.writer.pads.pad import WriterPad
from padfleet.shared.archive.entries import PadHead, Revisions
from padfleet.shared.client import connect
from padfleet.shared.cold.layout.heads import decode_head, encode_head
from padfleet.shared.cold.layout.names import head_name
from padfleet.shared.cold.layout.pads import ObjectPads
from padfleet.shared.cold.pads import ColdAppend, ColdState
from padfleet.shared.cold.stores.files import FileStore
from padfleet.shared.easysync.base36 import numeral
from padfleet.shared.log.births import new_birth
from padfleet.shared.log.entries import Submission
from padfleet.shared.log.records import Origin, Revision
from tests.benchmarks.figures import Report, cpu_seconds_exactly, parser, resident_bytes
from tests.benchmarks.rig import Rig
from tests.eventually import eventually_sync

AUTHOR = "a.0123456789abcdef"
PAGE = 5000
"""Revisions that are brought to the store at once."""

AT_ONCE = 100
"""Joins that are under way at the same moment: each waits for its turn, and gives up if that is too
far."""

LINE = 80


def main(argv: Sequence[str] | None = None) -> None:
    args = parser(__doc__ or "").parse_args(argv)
    report = Report("cold")
    lengths = (20, 300) if args.short else (20, 300, 2_000, 100_000)
    histories = {length: Typed(length) for length in lengths}
    for _ in range(1 if args.short else args.repeat):
        for length, typed in histories.items():
            _stored(report, typed, pads=3 if length >= 2_000 else 10 if args.short else 100)
        _moved(report, pads=10 if args.short else 400, revisions=30 if args.short else 100)
        _joined(report, histories, pads=1 if args.short else 25)
        _written_behind(report, every=1 if args.short else 30, times=1 if args.short else 2)
    for pads in (100,) if args.short else (1_000, 100_000):
        _grown(report, histories[20], pads=pads)
    report.notes.append(
        "Files on this machine's disk, brought there by fsync. Bytes on disk are whole blocks of "
        "the file system, the folders left out. A revision is a keystroke, with its author and its "
        "time."
    )
    report.finish(args.out)


class Typed:
    """A pad on which somebody has typed line after line, with typing errors."""

    def __init__(self, length: int) -> None:
        self.epoch = new_birth()
        pad = WriterPad()
        now = 1_700_000_000_000
        self.revisions: list[Revision] = [pad.create("\n", AUTHOR, now)]
        pool = {"numToAttrib": {"0": ["author", AUTHOR]}, "nextNum": 1}
        lines = full = here = 0  #: before the cursor: lines, their characters, and those of its own
        for seq in range(1, length):
            now += 120 + seq * 7919 % 600
            units = pad.body.units
            removes = seq % 29 == 0 and here > 1
            before = f"|{numeral(lines)}={numeral(full)}" if lines else ""
            kept = here - removes
            before += f"={numeral(kept)}" if kept else ""
            if removes:
                change = f"Z:{numeral(units)}<1{before}-1$"
                here -= 1
            elif seq % LINE == 0:
                change = f"Z:{numeral(units)}>1{before}*0|1+1$\n"
                lines, full, here = lines + 1, full + here + 1, 0
            else:
                letter = "etaoin shrdlu cmfwyp"[seq * 31 % 20]
                change = f"Z:{numeral(units)}>1{before}*0+1${letter}"
                here += 1
            origin = Origin("vB6WtQlV45dil1HwfkJO", seq)
            submission = Submission("p", origin, 1, 0, AUTHOR, pad.head, change, pool)
            outcome = pad.submit(submission, now)
            assert outcome.revisions, outcome
            self.revisions += outcome.revisions
        # Before a pad leaves, its writer makes one.
        self._snapshot = replace(pad.to_snapshot(), epoch=self.epoch)
        self.records = [revision.to_record() for revision in self.revisions]

    @property
    def head(self) -> int:
        return len(self.records) - 1

    def parts(self, pad: str) -> Iterator[ColdAppend]:
        """Yields the whole pad, some revisions at a time; the last part has a snapshot."""
        for first in range(0, len(self.records), PAGE):
            last = min(first + PAGE, len(self.records)) - 1
            newest = self.revisions[last]
            head = PadHead(pad, self.epoch, last, newest.chain, newest.time, AUTHOR, f"r.{pad}")
            state = ColdState(head, 1, "", {}, {}, {})
            snapshot = None
            if last == self.head:
                snapshot = self._snapshot.to_bytes()
            yield ColdAppend(
                state,
                Revisions(first, self.records[first : last + 1]),
                authors=[(AUTHOR, [b"color", b"n1", b"name", b"Ada"])],
                snapshot=snapshot,
            )


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="padfleet-cold-") as folder:
        yield Path(folder) / "cold"


async def _put(pads: ObjectPads, name: str, typed: Typed) -> None:
    over, parts = None, list(typed.parts(name))
    for part in parts:
        over = await pads.append(name, over, part, "frozen" if part is parts[-1] else "live")


def _stored(report: Report, typed: Typed, *, pads: int) -> None:
    """Measures the store alone."""

    async def run() -> None:
        with _folder() as folder:
            cold = ObjectPads(FileStore.at(folder))
            began, used = time.perf_counter(), time.process_time()
            for number in range(pads):
                await _put(cold, f"pad-{number}", typed)
            took, used = time.perf_counter() - began, time.process_time() - used
            length = len(typed.records)
            case = f"a pad of {length:,} revisions"
            _add(report, case, "ms to put", took / pads * 1000)
            _add(report, case, "CPU-ms to put", used / pads * 1000)
            whole, blocks = _sizes(folder)
            _add(report, case, "bytes", whole / pads)
            _add(report, case, "bytes for each revision", whole / pads / length)
            _add(report, case, "bytes on disk", blocks / pads)
            began, used = time.perf_counter(), time.process_time()
            for number in range(pads):
                assert await cold.read(f"pad-{number}") is not None
            took, used = time.perf_counter() - began, time.process_time() - used
            _add(report, case, "ms to read", took / pads * 1000)
            _add(report, case, "CPU-ms to read", used / pads * 1000)
            await cold.aclose()

    asyncio.run(run())


def _sizes(folder: Path) -> tuple[int, int]:
    """Bytes of all files, and of the blocks that they take."""
    found = [path.stat() for path in folder.rglob("*") if path.is_file()]
    return sum(stat.st_size for stat in found), sum(stat.st_blocks * 512 for stat in found)


# --- A fleet -------------------------------------------------------------------------------------


def _settings(folder: Path, **more: str) -> dict[str, str]:
    return {"PADFLEET_COLD_URL": f"file://{folder}", "PADFLEET_COLD_EVERY": "1", **more}


def _moved(report: Report, *, pads: int, revisions: int) -> None:
    """Measures pads that a fleet writes and that leave Redis when nobody is on them."""
    with _folder() as folder, Rig(settings=_settings(folder, PADFLEET_COLD_AFTER="1")) as rig:
        writer = rig.fleet.writers[0]
        empty = rig.used_by_pads()
        names = [f"moved-{number}" for number in range(pads)]
        rig.create(names)
        for start in range(1, revisions, 100):
            rig.type_on_each(names, min(100, revisions - start))
            rig.committed(names)
        hot = rig.used_by_pads() - empty
        began, used = time.perf_counter(), cpu_seconds_exactly([writer.process.pid])
        eventually_sync(lambda: rig.in_redis(names) == 0, "all are frozen", timeout=600)
        took = time.perf_counter() - began
        used = cpu_seconds_exactly([writer.process.pid]) - used
        case = f"{pads:,} pads of {revisions:,} revisions"
        _add(report, case, "bytes of Redis for each, hot", hot / pads)
        _add(report, case, "bytes of Redis for each, cold", (rig.used_by_pads() - empty) / pads)
        _add(report, case, "frozen/s", pads / took)
        _add(report, case, "CPU-ms of the writer for each that is frozen", used / pads * 1000)


def _joined(report: Report, histories: dict[int, Typed], *, pads: int) -> None:
    """Measures the same pads, joined while they are cold, and again when they are in Redis; then
    some that are all joined at once."""
    many = [f"many-{number}" for number in range(40 * pads)]

    async def prepare(folder: Path) -> None:
        cold = ObjectPads(FileStore.at(folder))
        for length, typed in histories.items():
            for number in range(pads):
                await _put(cold, f"joined-{length}-{number}", typed)
        for name in many:
            await _put(cold, name, histories[300])
        await cold.aclose()

    async def join(url: str, name: str) -> float:
        began = time.perf_counter()
        async with connect(f"{url}/p/{name}", text_only=True) as pad:
            took = time.perf_counter() - began
            assert pad.rev > 0
        return took * 1000

    async def run(url: str) -> dict[tuple[str, int], list[float]]:
        found: dict[tuple[str, int], list[float]] = {}
        for length in histories:
            for how in ("cold", "hot"):
                found[how, length] = [
                    await join(url, f"joined-{length}-{number}") for number in range(pads)
                ]
        return found

    with _folder() as folder:
        asyncio.run(prepare(folder))
        with Rig(workers=2, settings=_settings(folder, PADFLEET_COLD_AFTER="600")) as rig:
            workers = [worker.process.pid for worker in rig.fleet.workers]
            for (how, length), times in asyncio.run(run(rig.worker.url)).items():
                case = f"joining a {how} pad of {length:,} revisions"
                _add(report, case, "ms, median", statistics.median(times))
                _add(report, case, "ms, p95", sorted(times)[int(0.95 * (len(times) - 1))])
            used = cpu_seconds_exactly(workers)
            began = time.perf_counter()
            asyncio.run(_at_once(rig.fleet.urls, many))
            took = time.perf_counter() - began
            used = cpu_seconds_exactly(workers) - used
            case = f"{len(many):,} different cold pads joined at once, on two workers"
            _add(report, case, "s until all are", took)
            _add(report, case, "joined/s", len(many) / took)
            _add(report, case, "CPU-ms of the workers for each", used / len(many) * 1000)


async def _at_once(urls: Sequence[str], names: Sequence[str]) -> None:
    places = asyncio.Semaphore(AT_ONCE)

    async def join(url: str, name: str) -> None:
        async with places, connect(f"{url}/p/{name}", text_only=True):
            pass

    await asyncio.gather(*(join(urls[n % len(urls)], name) for n, name in enumerate(names)))


def _written_behind(report: Report, *, every: int, times: int) -> None:
    """Compares two writers that are busy with a hundred pads each, one with a cold store and one
    without, in turn by the second: whatever else the machine does affects both. It ends when each
    pad has been copied so many times, since more or fewer copies would be another share."""
    with _folder() as folder, ExitStack() as stack:
        fleets = {"without": {}, "with": _settings(folder, PADFLEET_COLD_EVERY=str(every))}
        rigs = {how: stack.enter_context(Rig(settings=more)) for how, more in fleets.items()}
        names = [f"busy-{number}" for number in range(100)]
        for rig in rigs.values():
            rig.create(names)
        heads = folder / "pads"
        eventually_sync(
            lambda: len([*heads.glob("*/busy-*")]) == len(names), "all are there", timeout=120
        )
        used = {how: _used_by_writer(rig) for how, rig in rigs.items()}
        typed = dict.fromkeys(rigs, 0)
        began, copied = time.monotonic(), _copied(rigs["with"])
        while _copied(rigs["with"]) < copied + times * len(names):
            for how, rig in rigs.items():
                until = time.monotonic() + 0.5
                while time.monotonic() < until:
                    rig.type_on_each(names, 2)
                    rig.committed(names)
                    typed[how] += 2 * len(names)
        took = time.monotonic() - began
        copied = _copied(rigs["with"]) - copied
        spent = {how: (_used_by_writer(rig) - used[how]) / typed[how] for how, rig in rigs.items()}
    _add(report, "writing behind", "revisions/s of each pad", typed["with"] / len(names) / took)
    _add(report, "writing behind", "s between two copies of a pad", took * len(names) / copied)
    more = (spent["with"] - spent["without"]) * typed["with"] / copied
    _add(report, "writing behind", "CPU-ms more for each copy", more * 1000)
    for how, each in spent.items():
        case = f"a busy writer {how} a cold store"
        _add(report, case, "CPU-µs for each revision", each * 1e6)
    _add(
        report, "writing behind", "% of a busy writer", (1 - spent["without"] / spent["with"]) * 100
    )


def _copied(rig: Rig) -> float:
    return rig.fleet.writers[0].metric("padfleet_cold_appends_total")


def _used_by_writer(rig: Rig) -> float:
    return cpu_seconds_exactly([rig.fleet.writers[0].process.pid])


def _grown(report: Report, typed: Typed, *, pads: int) -> None:
    """Measures the memory of each process beside so many cold pads, when a hundred of them have
    been opened."""

    async def prepare(folder: Path) -> None:
        cold = ObjectPads(FileStore.at(folder))
        await _put(cold, "first", typed)
        await cold.aclose()
        # The others are like it but for their names; to put them one by one would take an hour.
        first = decode_head((folder / head_name("first")).read_bytes())
        told = first.state.pad
        for number in range(pads):
            name = f"grown-{number}"
            state = first.state._replace(pad=told._replace(pad=name, read_only_id=None))
            path = folder / head_name(name)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(encode_head(replace(first, state=state)))

    async def open_some(url: str) -> None:
        for number in range(0, pads, max(1, pads // 100)):
            async with connect(f"{url}/p/grown-{number}", text_only=True):
                pass

    with _folder() as folder:
        asyncio.run(prepare(folder))
        with Rig(settings=_settings(folder, PADFLEET_COLD_AFTER="600")) as rig:
            asyncio.run(open_some(rig.worker.url))
            processes = {
                "worker": rig.worker.process.pid,
                "writer": rig.fleet.writers[0].process.pid,
            }
            for name, pid in processes.items():
                case = f"{name} beside {pads:,} cold pads"
                _add(report, case, "MiB resident", resident_bytes(pid) / 2**20)
            _add(report, f"Redis beside {pads:,} cold pads", "MiB of data",
                 rig.used_by_redis() / 2**20)  # fmt: skip


def _add(report: Report, case: str, unit: str, value: float) -> None:
    report.add(case, unit, value)
    print(f"{case}: {value:,.2f} {unit}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
