"""Tests that expensive edits count as expensive, whatever form they have."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_args

import pytest

from padfleet.services.fanout.collab import handlers
from padfleet.services.fanout.limits.allowances import (
    Allowances,
    MessageLimit,
    RateExceeded,
    is_short,
)
from padfleet.shared.settings.limits import LimitSettings

FEW = 1_000
"""Operations a second: 25 times as many at once, and ten times as many may wait."""


def edit(operations: int = 1, attributes: int = 1) -> dict[str, Any]:
    pool = {str(number): ["x", str(number)] for number in range(attributes)}
    changeset = f"Z:1>{operations}{'*0+1' * operations}${'x' * operations}"
    return {"changeset": changeset, "apool": {"numToAttrib": pool, "nextNum": attributes}}


@pytest.mark.parametrize(
    "much",
    [edit(operations=40_000), edit(attributes=40_000)],
    ids=["operations", "attributes"],
)
async def test_a_client_that_sends_more_than_it_may_is_told(much: dict[str, Any]) -> None:
    allowances = Allowances.of(LimitSettings(operations_per_second=FEW))
    await allowances.operations_of("a.much", edit(operations=20_000, attributes=4_000))
    with pytest.raises(RateExceeded):
        await allowances.operations_of("a.much", much)
    await allowances.operations_of("a.other", edit(operations=5_000))


async def test_what_is_short_costs_nothing() -> None:
    allowances = Allowances.of(LimitSettings(operations_per_second=FEW))
    for _ in range(1_000):
        await allowances.operations_of("a.typist", edit(operations=100, attributes=100))


@pytest.mark.parametrize(
    "odd",
    [{}, {"changeset": 7, "apool": 7}, {"apool": {"numToAttrib": []}}, {"apool": {}}],
    ids=["nothing", "numbers", "a list", "no attributes"],
)
async def test_what_is_no_edit_is_for_others_to_refuse(odd: dict[str, Any]) -> None:
    assert is_short(odd)
    await Allowances.of(LimitSettings()).operations_of("a.odd", odd)


def test_every_kind_of_message_is_charged_to_a_bucket_that_there_is() -> None:
    table = handlers("*")
    charged = {kind: each.limit for kind, each in {**table._kinds, **table._payloads}.items()}
    assert {kind for kind, limit in charged.items() if limit is None} == {"PAD_DELETE"}
    assert set(charged.values()) - {None} == set(get_args(MessageLimit))
    assert set(get_args(MessageLimit)) <= {field.name for field in fields(Allowances)}
