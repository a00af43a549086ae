"""The settings of a writer."""

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

    port: int = setting(9101, "port of health and metrics", minimum=1, maximum=65535)
    lease_ms: int = setting(
        3_000,
        "time that a partition stays with a writer that is not heard of any more",
        unit="ms",
        minimum=300,
        maximum=300_000,
    )
    snapshot_every: int = setting(
        200,
        "distance of two snapshots of a pad; opening a pad reads at most so many revisions",
        unit="revisions",
        minimum=1,
        maximum=1_000_000,
    )
    keep_revisions: int = setting(
        2000,
        "newest revisions of each pad kept as single entries of its stream; older ones are "
        "compressed, a thousand at a time",
        unit="revisions",
        minimum=1,
        maximum=10_000_000,
    )
    cached_pads: int = setting(
        2000, "pads kept in memory", unit="pads", minimum=1, maximum=10_000_000
    )
    unwritten_after_ms: int = setting(
        300_000,
        "time that nobody has been on a pad, after which it goes away if somebody opened it and "
        "nobody ever wrote in it; pads of groups, of the HTTP API and of imports stay. 0: all stay",
        unit="ms",
        minimum=0,
        maximum=2_592_000_000,
    )
    cold_after: float = setting(
        600.0,
        "time that nobody has been on a pad, nor changed it, after which it is moved from Redis to "
        "the cold store, if there is one",
        unit="s",
        minimum=1,
        maximum=31_536_000,
    )
    cold_every: float = setting(
        30.0,
        "how far the cold store, if there is one, may be behind with what changes: what is lost at "
        "most where all of Redis is",
        unit="s",
        minimum=0.1,
        maximum=3_600,
    )
    prune_unused: str = setting(
        "",
        "age, as 365d, from which on pads are deleted for good that nobody has used: opened or "
        "edited with a cold store, edited without one. Empty: none",
        check=problem_with_prune,
    )
    batch_max: int = setting(
        500,
        "submissions of a partition that are committed in one call at most",
        unit="submissions",
        minimum=1,
        maximum=100_000,
    )
    commit_interval_ms: int = setting(
        10,
        "longest pause between two rounds of commits, by which a busy writer makes fewer and "
        "larger ones; a quiet one has none, and commits at once",
        unit="ms",
        minimum=0,
        maximum=1_000,
    )
    commit_replicas: int = setting(
        0,
        "replicas of Redis that must have a commit before anyone is told of it: with 1 or more a "
        "fail-over loses nothing that was shown; while fewer are there, nobody can write",
        unit="replicas",
        minimum=0,
        maximum=10,
    )
    writer_id: str = setting("", "name of this writer, unlike any other's; made at start if none")

    def validate(self) -> Iterator[tuple[str, str]]:
        yield from super().validate()
        if self.keep_revisions < self.snapshot_every:
            yield (
                "keep_revisions",
                f"{self.keep_revisions} is less than --snapshot-every ({self.snapshot_every}): "
                "the revisions after the newest snapshot have to be there",
            )
