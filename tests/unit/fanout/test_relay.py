"""Tests which messages of clients are passed on to the others."""

from __future__ import annotations

import pytest

from padfleet.services.fanout.collab import handlers
from padfleet.services.fanout.collab.relay import RESERVED, is_passed_on


@pytest.mark.parametrize("named", ["", "*", "cursor, RTC_MESSAGE", "NEW_CHANGES"])
def test_nobody_speaks_for_the_server(named: str) -> None:
    assert "NEW_CHANGES" in RESERVED
    assert not any(is_passed_on(kind, named) for kind in RESERVED)
    assert "CUSTOM" in handlers(named).known


def test_what_else_is_for_the_operator_to_say() -> None:
    assert not is_passed_on("cursor", "")
    assert is_passed_on("cursor", "*")
    assert is_passed_on("cursor", "RTC_MESSAGE , cursor")
    assert not is_passed_on("curs", "cursor")
    rubbish: tuple[object, ...] = (None, "", 7, [], {})
    for nonsense in rubbish:
        assert not is_passed_on(nonsense, "*")
