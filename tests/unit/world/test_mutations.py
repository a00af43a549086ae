"""Tests that the code that the mutations remove is still there."""

from __future__ import annotations

import pytest

from tests.world.mutants import MUTATIONS
from tests.world.mutations import ROOT


@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_a_mutation_fits_the_code(name: str) -> None:
    mutation = MUTATIONS[name]
    assert (ROOT / mutation.file).read_text().count(mutation.old) == 1
    assert mutation.new != mutation.old
