"""Collects what a writer reports about itself."""

from padfleet.services.writer import metrics
from padfleet.services.writer.damaged_pads import DamagedPads
from padfleet.shared.fleet.beacon import Figures, reading


def figures(damages: DamagedPads) -> Figures:
    return Figures(
        revisions=metrics.REVISIONS.value,
        latency=metrics.COMMIT_SECONDS.buckets(),
        pads=round(reading(metrics.PADS)),
        damaged=damages.recent(),
    )
