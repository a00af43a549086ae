"""Runs the tests of the pad store on the simulated Redis, with the unchanged scripts."""

from tests.integration.log.test_pad_store import *  # noqa: F403
