"""Pads in an Etherpad's table, without a database."""

from __future__ import annotations

import pytest

from padfleet.shared.cold.etherpad.table import Table
from tests.unit.cold.etherpad_cases import EtherpadCases, MemoryTable


class TestInMemory(EtherpadCases):
    @pytest.fixture
    def table(self) -> Table:
        return MemoryTable()
