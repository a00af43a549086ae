"""Runs the fleet under measurement: a Redis, a writer and workers, and somebody who types."""

import json
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, cast

import redis

from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.easysync.base36 import numeral
from padfleet.shared.log.entries import Creation, Entry, Submission, encode_entry
from padfleet.shared.log.keys import CANARY, Keyspace
from padfleet.shared.log.records import Origin, Revision
from padfleet.shared.settings import FanoutSettings
from tests.eventually import eventually_sync
from tests.fleet import PADFLEET, ROOT, Fleet, Member

AUTHOR = "a.typist"
TEXT = "start\n"

IN_STEP = {
    "PADFLEET_COMMIT_INTERVAL_MS": "0",
    "PADFLEET_FLUSH_RATE": "1000",
    "PADFLEET_FLUSH_SHARE": "0.95",
}
"""The settings for benchmarks that make a revision, wait until everybody has it, and make the next:
without the pauses that a busy pad has by default. Pauses save CPU where revisions gather meanwhile;
here none do, and they would only take time."""

ONE_FOR_ALL = {"PADFLEET_JOINS_PER_SECOND": "100000"}
"""One author stands for everybody, and is let in as often."""


@dataclass(slots=True)
class Pad:
    """What the typist knows of a pad that nobody else types on."""

    name: str
    session: str
    head: int = 0  #: the newest revision that was asked for
    chars: int = len(TEXT) + 1  #: of the text; one newline is the pad's own
    epoch: int = 0

    def type(self) -> Submission:
        """Returns the next character, at the beginning, in the form in which a page submits it."""
        changeset = f"Z:{numeral(self.chars)}>1*0+1$x"
        pool = {"numToAttrib": {"0": ["author", AUTHOR]}, "nextNum": 1}
        base = self.head
        self.head += 1
        self.chars += 1
        origin = Origin(self.session, self.head)
        return Submission(self.name, origin, 1, self.epoch, AUTHOR, base, changeset, pool)


class Rig:
    """Use it with `with`. Everything that it starts has ended afterwards."""

    def __init__(
        self,
        *,
        workers: int = 1,
        node: bool = False,
        settings: dict[str, str] | None = None,
        launcher: Sequence[str] = PADFLEET,
        older: bool = False,
    ) -> None:
        """Makes a rig that has not been started.

        Arguments:
            workers: how many processes clients connect to.
            node: whether the first of them is the writer, too.
            launcher: the command that runs padfleet.
            older: whether that is a release whose workers have one port only.
        """
        self._node = node
        self._workers = workers
        self._launcher = launcher
        self._older = older
        self._settings = ONE_FOR_ALL | (settings or {})
        self._stack = ExitStack()
        self._keyspace = Keyspace(FanoutSettings.partitions)
        self._pads: dict[str, Pad] = {}
        self.fleet: Fleet
        self.redis_pid = 0
        self._redis: redis.Redis

    @property
    def worker(self) -> Member:
        """Returns the first worker."""
        return self.fleet.workers[0]

    def __enter__(self) -> "Rig":
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="padfleet-")))
            # Flushing to disk is Redis' business and not what is measured.
            options = ("--appendfsync", "no")
            server = stack.enter_context(EmbeddedServer(folder / "redis", extra_args=options))
            self.redis_pid = server.pid
            self._redis = stack.enter_context(redis.Redis.from_url(server.url))
            self.fleet = stack.enter_context(
                Fleet(server.socket_url, folder, self._settings, older=self._older)
            )
            nodes = int(self._node)
            self.fleet.start(
                writers=1 - nodes,
                workers=self._workers - nodes,
                nodes=nodes,
                launcher=self._launcher,
            )
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    @property
    def pids(self) -> dict[str, int]:
        """Returns the processes of the first worker, the first writer and Redis; or of the node and
        Redis."""
        if self._node:
            return {"node": self.worker.process.pid, "redis": self.redis_pid}
        writer = self.fleet.writers[0]
        return {
            "worker": self.worker.process.pid,
            "writer": writer.process.pid,
            "redis": self.redis_pid,
        }

    def load_test(self, *words: str) -> list[dict[str, Any]]:
        """Runs `padfleet loadtest` with these options on the first worker, and returns the steps in
        its report.json. Raises RuntimeError if clients got something wrong."""
        with tempfile.TemporaryDirectory(prefix="padfleet-") as folder:
            command = [sys.executable, "-m", "padfleet", "loadtest", "--url", self.worker.url]
            command += ["--out", folder, *words]
            for name, pid in self.pids.items():
                command += ["--pid", f"{name}={pid}"]
            done = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
            if done.returncode:
                raise RuntimeError(f"{' '.join(words)}: it says that something is wrong, see above")
            report: dict[str, Any] = json.loads((Path(folder) / "report.json").read_text())
            steps: list[dict[str, Any]] = report["steps"]
            return steps

    # --- Typing ----------------------------------------------------------------------------------

    def create(self, names: Iterable[str]) -> None:
        """Creates pads with a short text, and returns when they exist."""
        made = [Pad(name, f"typist-{secrets.token_hex(6)}") for name in names]
        self._put(Creation(p.name, Origin(f"{p.session}-new", 1), AUTHOR, TEXT) for p in made)
        self._pads |= {pad.name: pad for pad in made}
        self.committed(pad.name for pad in made)
        for pad in made:
            epoch = self._redis.hget(self._keyspace.pad(pad.name).meta, "epoch")
            pad.epoch = int(cast("bytes", epoch))

    def type(self, name: str, count: int = 1) -> int:
        """Submits so many revisions at once: the writer sees all or none of them, and so commits
        and announces them together. Returns the rev that the pad will have."""
        pad = self._pads[name]
        self._put(pad.type() for _ in range(count))
        return pad.head

    def type_on_each(self, names: Iterable[str], count: int = 1) -> None:
        """Submits so many revisions on each of these pads, all at once."""
        self._put(self._pads[name].type() for name in names for _ in range(count))

    def used_by_redis(self) -> int:
        """Bytes of what is stored, as Redis counts them."""
        return int(cast("Any", self._redis.info("memory"))["used_memory_dataset"])

    def used_by_pads(self) -> int:
        """Bytes of all keys but the inboxes, which are trimmed by and by, and the canaries. What
        the server says of its data as a whole includes buffers of clients, some hundred KB."""
        client = cast("Any", self._redis)
        inboxes = {self._keyspace.inbox(n) for n in range(self._keyspace.partitions)}
        return sum(
            int(client.memory_usage(key, samples=0) or 0)
            for key in map(bytes.decode, client.scan_iter(match="pf:*", count=10_000))
            if key not in inboxes and CANARY not in key
        )

    def in_redis(self, names: Iterable[str]) -> int:
        """Returns how many of the pads are in Redis."""
        return sum(
            int(cast("Any", self._redis.exists(self._keyspace.pad(name).meta))) for name in names
        )

    def size_of_history(self, name: str) -> tuple[float, float]:
        """Returns the bytes of Redis for each revision that is kept by itself, and for each that is
        in a chunk, or 0 if there are no such revisions."""
        keys, client = self._keyspace.pad(name), cast("Any", self._redis)
        kept = int(client.xlen(keys.revs))
        packed = self._pads[name].head + 1 - kept
        sizes = [int(client.memory_usage(key, samples=0) or 0) for key in (keys.revs, keys.chunks)]
        return sizes[0] / max(kept, 1), sizes[1] / packed if packed else 0.0

    def committed(self, names: Iterable[str]) -> None:
        """Returns when the pads have all that was typed."""
        for name in names:
            pad = self._pads[name]

            def there(pad: Pad = pad) -> bool:
                head = self._redis.hget(self._keyspace.pad(pad.name).meta, "head")
                return int(cast("bytes | None", head) or -1) >= pad.head

            eventually_sync(there, f"{pad.name} has rev {pad.head}", timeout=60)

    def _put(self, entries: Iterable[Entry]) -> None:
        pipeline = self._redis.pipeline(transaction=True)
        for entry in entries:
            inbox = self._keyspace.inbox(self._keyspace.partition_of(entry.pad))
            pipeline.xadd(inbox, {"e": encode_entry(entry)})
        pipeline.execute()

    def wire_form(self, name: str) -> dict[str, Any]:
        """Returns the pad's newest revision as clients get it: the `data` of its NEW_CHANGES."""
        revs = self._keyspace.pad(name).revs
        ((entry, fields),) = cast("Any", self._redis.xrevrange(revs, count=1))
        revision = Revision.from_record(int(entry.partition(b"-")[0]), fields[b"r"])
        found: dict[str, Any] = json.loads(revision.wire)
        return found


def ready(
    pad: str, *, author: str = "%n", supports: Iterable[str] = (), resume: bool = False
) -> str:
    """Returns a ready packet for the sink. The token is made of `author`: by default each socket
    has its own."""
    message: dict[str, Any] = {
        "component": "pad",
        "type": "CLIENT_READY",
        "padId": pad,
        "token": f"t.benchmark{author}",
        "userInfo": {"colorId": None, "name": None},
        "supports": list(supports),
    }
    text = json.dumps(["message", message], separators=(",", ":"))
    if resume:
        text = text.removesuffix("}]") + ',"reconnect":true,"client_rev":%r}]'
    return f"42{text}"
