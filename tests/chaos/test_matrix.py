"""Breaks things while people type, and checks that nobody loses a letter (I1, I2, I3, I5, I7).

`make test` plays cells with eight people on one topology, and no fault that another covers;
`make chaos` plays all of them with a hundred, and puts the results into docs/reliability.md.
"""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.chaos.cells import Cell, play
from tests.chaos.matrix import CELLS
from tests.chaos.scene import FULL, SHORT

log = logging.getLogger(__name__)


@pytest.mark.parametrize("cell", [c for c in CELLS if c.in_short], ids=lambda cell: cell.name)
async def test_I7_each_cell_in_its_short_form(cell: Cell, tmp_path: Path) -> None:
    await play(cell, cell.topologies[0], SHORT, tmp_path)


@pytest.mark.chaos
@pytest.mark.parametrize(
    ("cell", "topology"),
    [
        pytest.param(
            cell,
            topology,
            id=f"{cell.name}-{topology}",
            marks=pytest.mark.timeout(cell.limit_s),
        )
        for cell in CELLS
        for topology in cell.topologies
    ],
)
async def test_I7_nothing_acknowledged_is_lost_in_any_cell_of_the_matrix(
    cell: Cell, topology: str, tmp_path: Path
) -> None:
    result = await play(cell, topology, FULL, tmp_path)
    result.keep()
    log.warning("service was back after %s s", result.back)
