"""Lists all targets by name."""

from __future__ import annotations

from tests.fuzz import (
    easysync_targets,
    file_targets,
    other_targets,
    wire_targets,
    worker_targets,
    writer_target,
)
from tests.fuzz.target import Target

_GROUPS = (
    wire_targets,
    easysync_targets,
    writer_target,
    worker_targets,
    file_targets,
    other_targets,
)

TARGETS: dict[str, Target] = {target.name: target for group in _GROUPS for target in group.TARGETS}
