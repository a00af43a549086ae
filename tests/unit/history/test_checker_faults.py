"""Tests that the checker finds each fault that a history can have."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.chaos.history import Kind, Rollback, check
from tests.chaos.history.recording import Event, Finished, Joined, ToldToReload, digest
from tests.examples import THOROUGH, examples
from tests.unit.history.mutating import (
    Mutation,
    changes_of,
    events,
    one_more,
    text_at,
    with_changes,
    with_events,
)
from tests.unit.history.mutations import CATALOGUE
from tests.unit.history.simulator import CLIENTS, STEPS, History, simulate

ENOUGH = 40 if THOROUGH else 10
"""Histories in which a fault has to have found a place."""


@cache
def long_history(seed: int) -> History:
    """Made once, and the same for all faults, which are put into others that are made of it."""
    dice = random.Random(seed)
    steps: list[tuple[Any, ...]] = []
    for _ in range(60):
        who = dice.randrange(CLIENTS)
        steps.append(
            dice.choices(
                [
                    ("strike", who),
                    ("hear", who, dice.randint(1, 4), dice.random() < 0.5),
                    ("lose", who, dice.random() < 0.5),
                    ("reload", who, dice.random() < 0.5),
                ],
                weights=[10, 10, 2, 1],
            )[0]
        )
    return simulate(steps, seed)


@pytest.mark.parametrize(
    ("kind", "mutation"), CATALOGUE, ids=[f"{k.name}-{m.__name__}" for k, m in CATALOGUE]
)
def test_each_fault_is_found(kind: Kind, mutation: Mutation) -> None:
    found = 0
    for seed in range(400):
        history = mutation(long_history(seed), random.Random(seed))
        if history is None:
            continue
        verdict = check(history.recordings, history.stream)
        assert kind in verdict.kinds, f"seed {seed}: {verdict}"
        found += 1
        if found == ENOUGH:
            return
    pytest.fail(f"there was a place for it in {found} histories only")


def test_there_is_a_fault_of_each_kind() -> None:
    assert {kind for kind, _ in CATALOGUE} == set(Kind)


@settings(max_examples=examples(300))
@given(STEPS, st.integers(0, 1 << 30), st.sampled_from(CATALOGUE))
def test_any_fault_in_any_history_is_found(
    steps: list[Any], seed: int, fault: tuple[Kind, Mutation]
) -> None:
    kind, mutation = fault
    history = mutation(simulate(steps, seed), random.Random(seed))
    assume(history is not None)
    assert history is not None
    verdict = check(history.recordings, history.stream)
    assert kind in verdict.kinds, str(verdict)


# --- Rollbacks -----------------------------------------------------------------------------------


def rolled_back(*, told: bool) -> History:
    """Returns a history in which everybody has seen one revision more than the stream holds. With
    `told`, they are told to reload, and join again with what is left."""
    history = one_more(long_history(7), 0, 0, "seen by all")
    history = with_changes(history, changes_of(history.stream)[:-1])
    head = history.stream.head
    text = text_at(history.stream, head)
    for who in range(CLIENTS if told else 0):
        *before, last = events(history.recordings[who])
        assert isinstance(last, Finished)
        author = next(event.author for event in before if isinstance(event, Joined))
        again: list[Event] = [ToldToReload("rejected"), Joined(head, author, digest(text))]
        last = replace(last, rev=head, text=text)
        history = with_events(history, who, [*before, *again, last])
    return history


def test_a_rollback_is_excused_for_who_is_told_to_reload() -> None:
    history = rolled_back(told=True)
    verdict = check(history.recordings, history.stream, [Rollback(history.stream.head)])
    assert verdict.ok, str(verdict)
    assert verdict.excused == CLIENTS


def test_a_rollback_that_nobody_knows_of_is_a_fork_even_then() -> None:
    history = rolled_back(told=True)
    assert check(history.recordings, history.stream).kinds == {Kind.FORK: CLIENTS}


def test_a_rollback_to_a_later_revision_excuses_nothing() -> None:
    history = rolled_back(told=True)
    verdict = check(history.recordings, history.stream, [Rollback(history.stream.head + 1)])
    assert verdict.kinds == {Kind.FORK: CLIENTS}


def test_a_rollback_of_which_clients_are_not_told_is_a_silent_fork() -> None:
    history = rolled_back(told=False)
    verdict = check(history.recordings, history.stream, [Rollback(history.stream.head)])
    assert verdict.kinds[Kind.FORK] == CLIENTS


def test_recordings_of_other_pads_are_passed_over() -> None:
    history = long_history(1)
    elsewhere = [replace(recording, pad="another") for recording in history.recordings]
    assert check(elsewhere, history.stream).clients == 0
