"""Tests which clients are shown a pad in the cold store without bringing it back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from padfleet.services.fanout.requests.join import JoinHandler

LINK = {"padId": "r.0123456789abcdef0123456789abcdef", "userInfo": {}}
NAME = {"padId": "pad", "userInfo": {}}


def may_look(
    message: dict[str, Any], *, cold: bool = True, hooks: bool = False, etherpads: bool = False
) -> bool:
    unused = cast(Any, None)
    redis = SimpleNamespace(elsewhere=cold or None, register=etherpads or None)
    seeing = SimpleNamespace(see_visits=hooks)
    handler = JoinHandler(
        cast(Any, redis), unused, unused, unused, unused, "w", unused, cast(Any, seeing)
    )
    return handler.may_look(message)


@pytest.mark.parametrize(
    ("message", "may"),
    [
        (LINK, True),
        (NAME, False),
        ({**LINK, "reconnect": True}, False),
        ({**NAME, "only": "HISTORY"}, True),
        ({"padId": "pad", "data": {}}, True),
        ({"padId": None}, False),
    ],
)
def test_who_reads_or_looks_back(message: dict[str, Any], may: bool) -> None:
    assert may_look(message) == may
    assert not may_look(message, cold=False)
    assert not may_look(message, hooks=True), "hooks are told of those who are on a pad"


def test_readers_see_what_an_etherpad_writes() -> None:
    assert not may_look(LINK, etherpads=True)
    assert may_look({**LINK, "only": "HISTORY"}, etherpads=True), "which goes on with nothing"
