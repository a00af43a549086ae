"""Judges the facts about a Redis as ok, warn or fail, and says what to change.

`fail` means that a fleet loses data or does not work at all; `warn` means that it works until
something else goes wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from padfleet.services.tools.doctor.facts import ClusterFacts, Facts, ServerFacts
from padfleet.shared.fleet.findings import STUCK_S
from padfleet.shared.fleet.view import FleetView
from padfleet.shared.log.connection import keeping
from padfleet.shared.log.connection.keeping import ServerReport, change
from padfleet.shared.settings.redis_url import Kind

Level = Literal["ok", "warn", "fail"]

SLOTS: Final = 16384
MINIMUM_VERSION: Final = (7, 0)

SLOW_PING_MS: Final = 5.0
"""A ping slower than this is slow: a keystroke passes Redis three times on its way to the other
authors."""

NEARLY_FULL: Final = 0.8

SLOTS_SHOWN: Final = 5

PUBSUB_BUFFER_BYTES: Final = 32 * 1024 * 1024
"""The limit that Redis ships with. Below it, a worker that was busy for a moment is disconnected
and has to read all of its pads again."""


@dataclass(frozen=True)
class DoctorFinding:
    """One line of the report; `fix` is empty when there is nothing to change."""

    level: Level
    name: str
    found: str
    fix: str = ""


def judge(facts: Facts) -> list[DoctorFinding]:
    """Returns all findings. A finding that is the same on all servers is reported once."""
    findings = [] if facts.cluster is None else list(cluster(facts.cluster))
    for check in SERVER_CHECKS:
        findings += _merged([(server.name, check(server)) for server in facts.servers])
    for keeps in STORE_CHECKS:
        stores = (*facts.servers, *facts.replicas)
        findings += _merged([(store.name, keeps(store)) for store in stores])
    findings += _merged([(s.name, topology(facts.kind, s.info)) for s in facts.servers])
    findings += _merged([(s.name, replicas(facts.kind, s.info)) for s in facts.servers])
    findings += [] if facts.fleet is None else list(fleet(facts.fleet))
    return findings


def version(server: ServerFacts) -> DoctorFinding:
    info = server.info
    flavour = "valkey" if "valkey_version" in info else "redis"
    # Valkey also reports the Redis version with which it is compatible, which decides nothing here.
    text = str(info.get("valkey_version") or info.get("redis_version") or "")
    if not text:
        return DoctorFinding(
            "warn", "version", "unknown: INFO is forbidden", "allow it: ACL SETUSER <user> +info"
        )
    if _version(text) < MINIMUM_VERSION:
        return DoctorFinding(
            "fail", "version", f"{flavour} {text}", "install Redis or Valkey 7.0 or newer"
        )
    return DoctorFinding("ok", "version", f"{flavour} {text}")


def role(server: ServerFacts) -> DoctorFinding:
    found = str(server.info.get("role", "unknown"))
    if found == "slave":
        primary = f"{server.info.get('master_host')}:{server.info.get('master_port')}"
        return DoctorFinding(
            "fail", "role", f"a replica of {primary}", f"name the primary: redis://{primary}"
        )
    return DoctorFinding("ok", "role", "primary" if found == "master" else found)


def writes(server: ServerFacts) -> DoctorFinding:
    if server.write_error is not None:
        return DoctorFinding(
            "fail",
            "writes",
            f"all refused: {server.write_error}",
            "make room on its disk (df -h on its machine), and it goes on; else see its log",
        )
    return DoctorFinding("ok", "writes", "taken")


def scripting(server: ServerFacts) -> DoctorFinding:
    if server.scripting_error is not None:
        return DoctorFinding(
            "fail",
            "scripting",
            server.scripting_error,
            "allow it: ACL SETUSER <user> +@scripting, and no rename-command for EVAL and EVALSHA",
        )
    return DoctorFinding("ok", "scripting", "a script ran")


def sharded_pubsub(server: ServerFacts) -> DoctorFinding:
    if server.sharded_pubsub_error is not None:
        return DoctorFinding(
            "fail",
            "sharded pub/sub",
            server.sharded_pubsub_error,
            "allow it: ACL SETUSER <user> +@pubsub allchannels",
        )
    return DoctorFinding("ok", "sharded pub/sub", "a message came back")


def config(server: ServerFacts) -> DoctorFinding:
    if server.config is None:
        return DoctorFinding(
            "warn",
            "config",
            "CONFIG GET is forbidden; INFO is used, which says less",
            "allow it (ACL SETUSER <user> +config|get), or check these in the console of the "
            "service: appendfsync, client-output-buffer-limit",
        )
    return DoctorFinding("ok", "config", "readable")


def persistence(server: ServerReport) -> DoctorFinding:
    return DoctorFinding((v := keeping.persistence(server)).level, "persistence", v.found, v.fix)


def eviction(server: ServerReport) -> DoctorFinding:
    return DoctorFinding((v := keeping.eviction(server)).level, "eviction", v.found, v.fix)


def memory(server: ServerFacts) -> DoctorFinding:
    limit, used = _memory_limit(server), int(server.info.get("used_memory", 0))
    if not limit:
        return DoctorFinding("ok", "memory", f"{_mib(used)} used, no maxmemory")
    found = f"{_mib(used)} of {_mib(limit)} used"
    if used >= NEARLY_FULL * limit:
        return DoctorFinding(
            "warn",
            "memory",
            f"{found}: a full server refuses revisions",
            change("maxmemory", "<bytes>") + ", or delete pads",
        )
    return DoctorFinding("ok", "memory", found)


def pubsub_buffer(server: ServerFacts) -> DoctorFinding:
    name = "pub/sub buffer"
    text = (server.config or {}).get("client-output-buffer-limit", "")
    limit = _pubsub_limit(text)
    if limit is None:
        return DoctorFinding("ok", name, "unknown, taken for the default of 32 MiB")
    fix = change("client-output-buffer-limit", '"pubsub 32mb 8mb 60"')
    if limit == 0:
        return DoctorFinding(
            "warn", name, "unlimited: a stuck worker fills the memory of Redis", fix
        )
    if limit < PUBSUB_BUFFER_BYTES:
        return DoctorFinding("warn", name, f"{_mib(limit)}: a busy worker is cut off", fix)
    return DoctorFinding("ok", name, _mib(limit))


def latency(server: ServerFacts) -> DoctorFinding:
    found = f"{server.ping_ms:.2f} ms, median PING"
    if server.ping_ms >= SLOW_PING_MS:
        return DoctorFinding(
            "warn",
            "latency",
            found,
            "run the fleet in the same zone as Redis; see SLOWLOG GET and LATENCY DOCTOR",
        )
    return DoctorFinding("ok", "latency", found)


def topology(kind: Kind, info: Any) -> DoctorFinding:
    """Judges whether the URL fits: a cluster node that is treated as a lone server refuses most
    keys."""
    if info.get("redis_mode") == "sentinel":
        return DoctorFinding(
            "fail",
            "topology",
            "a sentinel, which holds no data",
            "use redis+sentinel://host:26379,host:26379/<service>",
        )
    is_cluster = int(info.get("cluster_enabled", 0)) == 1
    if is_cluster and kind != "cluster":
        return DoctorFinding(
            "fail",
            "topology",
            "a node of a cluster, named as if it were alone",
            "use redis+cluster://host:port,host:port",
        )
    if not is_cluster and kind == "cluster" and "cluster_enabled" in info:
        return DoctorFinding("fail", "topology", "not a cluster", "use redis://host:port")
    names: dict[Kind, str] = {
        "single": "one server",
        "unix": "one server, by its socket",
        "sentinel": "a primary that the sentinels name",
        "cluster": "a cluster",
    }
    return DoctorFinding("ok", "topology", names[kind])


def replicas(kind: Kind, info: Any) -> DoctorFinding:
    count = int(info.get("connected_slaves", 0))
    found = f"{count or 'no'} {'replica' if count == 1 else 'replicas'}"
    if count == 0 and kind in ("sentinel", "cluster"):
        return DoctorFinding(
            "warn",
            "replicas",
            f"{found}: when this server dies, its pads wait for it",
            "redis-cli --cluster add-node <new> <existing> --cluster-slave"
            if kind == "cluster"
            else "REPLICAOF <primary host> <port> on another server",
        )
    return DoctorFinding("ok", "replicas", found)


def fleet(picture: FleetView) -> Iterable[DoctorFinding]:
    """Reports what has stopped in the fleet on this Redis, by partition and pad."""
    living = any(process.state != "silent" for process in picture.of("writer"))
    whole = True
    for partition in picture.partitions:
        name = f"partition {partition.number}"
        if partition.unread:
            whole = False
            fix = "see docs/operations.md, damaged pads: delete the key that is of a wrong type"
            yield DoctorFinding("fail", name, partition.unread, fix)
        elif living and partition.waiting_s is not None and partition.waiting_s >= STUCK_S:
            whole = False
            found = f"an entry has waited for {partition.waiting_s:.0f} s"
            yield DoctorFinding("fail", name, found, "see /health/ready and the log of its writer")
        if partition.parked:
            found = f"{partition.parked} inbox entries could not be read lately, and were passed"
            yield DoctorFinding(
                "warn", name, found, "see the log of its writer, and docs/operations.md"
            )
    for process in picture.processes:
        for pad, why in process.damaged:
            whole = False
            fix = "padfleet verify --pad says more; padfleet restore brings it back from a backup"
            yield DoctorFinding("warn", f"pad {pad}", f"damaged: {why}", fix)
    if whole:
        count = len(picture.partitions)
        yield DoctorFinding("ok", "partitions", f"{count}, none stands still")


def cluster(facts: ClusterFacts) -> Iterable[DoctorFinding]:
    """Yields what there is to say about a cluster as a whole."""
    if facts.state == "ok":
        yield DoctorFinding("ok", "cluster state", f"ok, {facts.primaries} primaries")
    else:
        yield DoctorFinding(
            "fail",
            "cluster state",
            facts.state,
            "redis-cli --cluster check <host:port>, then redis-cli --cluster fix <host:port>",
        )
    if facts.slots_assigned < SLOTS:
        yield DoctorFinding(
            "fail",
            "cluster slots",
            f"{SLOTS - facts.slots_assigned} of {SLOTS} belong to no server",
            "redis-cli --cluster fix <host:port>",
        )
    elif facts.slots_ok < SLOTS:
        yield DoctorFinding(
            "fail",
            "cluster slots",
            f"{SLOTS - facts.slots_ok} of {SLOTS} belong to a server that fails",
            "start that server again, or promote its replica: CLUSTER FAILOVER FORCE",
        )
    else:
        yield DoctorFinding("ok", "cluster slots", f"all {SLOTS} are served")
    if facts.half_moved:
        yield half_moved(facts)


def half_moved(facts: ClusterFacts) -> DoctorFinding:
    """Reports slots between two nodes. That passes while slots are being moved, and persists if the
    move was interrupted: until it is finished, nothing is written to the pads of such a slot."""
    moving: dict[int, list[str]] = {}
    for moved in facts.half_moved:
        moving.setdefault(moved.slot, []).append(f"{moved.state} at {moved.node}")
    ours = sorted(moving.keys() & facts.padfleets)
    shown = [f"{slot} ({', '.join(moving[slot])})" for slot in ours or sorted(moving)]
    whose = "slots of the fleet" if ours else "slots"
    more = f", and {len(shown) - SLOTS_SHOWN} more" if len(shown) > SLOTS_SHOWN else ""
    stands = ": pads in them cannot be written meanwhile" if ours else ""
    return DoctorFinding(
        "fail" if ours else "warn",
        "slots on their way",
        f"{whose} that stand half-moved: {'; '.join(shown[:SLOTS_SHOWN])}{more}{stands}",
        "let the resharding come to its end; if none is running: "
        "redis-cli --cluster fix <host:port>",
    )


SERVER_CHECKS: Final[tuple[Callable[[ServerFacts], DoctorFinding], ...]] = (
    version,
    role,
    writes,
    scripting,
    sharded_pubsub,
    config,
    memory,
    pubsub_buffer,
    latency,
)

STORE_CHECKS: Final[tuple[Callable[[ServerReport], DoctorFinding], ...]] = (persistence, eviction)
"""The checks that are also made on replicas."""


def _merged(found: list[tuple[str, DoctorFinding]]) -> list[DoctorFinding]:
    """Returns one finding if all servers have the same, otherwise one for each with its name."""
    if len({finding for _, finding in found}) == 1:
        finding = found[0][1]
        many = f" ({len(found)} servers)" if len(found) > 1 else ""
        return [DoctorFinding(finding.level, finding.name, finding.found + many, finding.fix)]
    return [
        DoctorFinding(finding.level, finding.name, f"{server}: {finding.found}", finding.fix)
        for server, finding in found
    ]


def _version(text: str) -> tuple[int, ...]:
    parts = text.split(".")[:2]
    return tuple(int(part) for part in parts if part.isdigit())


def _memory_limit(server: ServerFacts) -> int:
    return int(server.info.get("maxmemory", 0))


def _pubsub_limit(text: str) -> int | None:
    """Returns the hard limit of the class `pubsub` from `normal 0 0 0 slave … pubsub 33554432
    8388608 60`."""
    words = text.split()
    if "pubsub" not in words:
        return None
    limit = words[words.index("pubsub") + 1 :][:1]
    return int(limit[0]) if limit and limit[0].isdigit() else None


def _mib(count: int) -> str:
    return f"{count / 1024 / 1024:.0f} MiB"
