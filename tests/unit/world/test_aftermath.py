"""Tests what may be logged as an error after which faults."""

from __future__ import annotations

import logging

import pytest

from tests.chaos.history import Rollback
from tests.world.faults.aftermath import HURT, LOST, Aftermath


def logged(message: str, **extra: object) -> logging.LogRecord:
    return logging.getLogger("a program").makeRecord(
        "a program", logging.ERROR, __file__, 1, message, (), None, extra=extra
    )


@pytest.mark.parametrize(
    ("after", "record"),
    [
        (Aftermath(was_full=True), logged("cold store fails")),
        (Aftermath(rollbacks={"a": [Rollback(3)]}), logged("history rolled back")),
        (Aftermath(killed_a_task=True), logged("task failed, and is restarted")),
        (Aftermath(restarted=True), logged(LOST)),
        (Aftermath(losses=1), logged("told to reload")),
        (Aftermath(damaged=True), logged("corrupt pad", pad=HURT)),
    ],
)
def test_an_error_is_explained_by_its_own_fault_only(
    after: Aftermath, record: logging.LogRecord
) -> None:
    assert after.explains(record)
    assert not Aftermath().explains(record)
