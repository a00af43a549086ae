from __future__ import annotations

import pytest

from tests.unit.client.model_server import ModelServer
from tests.unit.client.pad_server import PadServer


@pytest.fixture
def server() -> PadServer:
    return PadServer(ModelServer("hello\n"))
