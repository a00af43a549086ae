"""Collects what a writer reports about itself."""

from padfleet.services.writer import metrics
from padfleet.services.writer.damages import Damages
from padfleet.shared.fleet.beacon import Figures, buckets, reading


def figures(damages: Damages) -> Figures:
    return Figures(
        revisions=metrics.REVISIONS.value,
        latency=buckets(metrics.COMMIT_SECONDS),
        pads=round(reading(metrics.PADS)),
        damaged=damages.lately(),
    )
