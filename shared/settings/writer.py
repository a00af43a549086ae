"""This module has the settings of a writer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from padfleet.shared.settings.ages import problem_with_prune
from padfleet.shared.settings.declare import setting
from padfleet.shared.settings.pads import PadSettings
from padfleet.shared.settings.tracing import TracingSettings


@dataclass(frozen=True, kw_only=True)
class WriterSettings(PadSettings, TracingSettings):
    """Settings of a writer: it turns submissions into revisions."""

    port: int = setting(9101, "port for health and metrics", minimum=1, maximum=65535)
    lease_ms: int = setting(
        3_000,
        "time for which a silent writer keeps its partitions before another takes over",
        unit="ms",
        minimum=300,
        maximum=300_000,
    )
    snapshot_every: int = setting(
        200,
        "number of revisions between two snapshots of a pad; opening a pad reads at most this many",
        unit="revisions",
        minimum=1,
        maximum=1_000_000,
    )
    keep_revisions: int = setting(
        2000,
        "number of newest revisions of each pad to keep as single entries of its stream; older "
        "ones are compressed, a thousand at a time",
        unit="revisions",
        minimum=1,
        maximum=10_000_000,
    )
    cached_pads: int = setting(
        2000, "number of pads to keep in memory", unit="pads", minimum=1, maximum=10_000_000
    )
    unwritten_after_ms: int = setting(
        300_000,
        "time after which a pad that somebody opened but nobody ever wrote in is removed, counted "
        "from when the last person left; pads of groups, of the HTTP API and of imports stay. 0: "
        "all stay",
        unit="ms",
        minimum=0,
        maximum=2_592_000_000,
    )
    cold_after: float = setting(
        600.0,
        "time after which a pad that nobody is on, and nobody changes, is moved from Redis to the "
        "cold store, if there is one",
        unit="s",
        minimum=1,
        maximum=31_536_000,
    )
    cold_every: float = setting(
        30.0,
        "how far the cold store, if there is one, may lag behind changes: this is the most that "
        "is lost if all of Redis is lost",
        unit="s",
        minimum=0.1,
        maximum=3_600,
    )
    prune_unused: str = setting(
        "",
        "age, such as 365d, after which unused pads are deleted permanently: with a cold store, "
        "those that were not opened or edited for so long; without one, those that were not "
        "edited. Empty: none",
        check=problem_with_prune,
    )
    batch_max: int = setting(
        500,
        "maximum number of submissions of a partition to commit in one call",
        unit="submissions",
        minimum=1,
        maximum=100_000,
    )
    commit_interval_ms: int = setting(
        10,
        "longest pause between two rounds of commits, with which a busy writer makes fewer and "
        "larger rounds; a quiet one does not pause",
        unit="ms",
        minimum=0,
        maximum=1_000,
    )
    commit_replicas: int = setting(
        0,
        "number of Redis replicas that must have a commit before anybody is told of it: with 1 or "
        "more, a fail-over loses nothing that was shown; while too few replicas are there, "
        "nobody can write",
        unit="replicas",
        minimum=0,
        maximum=10,
    )
    writer_id: str = setting("", "unique name of this writer; generated at start-up if empty")

    def validate(self) -> Iterator[tuple[str, str]]:
        yield from super().validate()
        if self.keep_revisions < self.snapshot_every:
            yield (
                "keep_revisions",
                f"{self.keep_revisions} is less than --snapshot-every ({self.snapshot_every}): "
                "the revisions after the newest snapshot have to be kept",
            )
