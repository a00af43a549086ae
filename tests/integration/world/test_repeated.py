"""Runs the tests of repeated commands on the simulated Redis, with the unchanged scripts."""

from tests.integration.log.test_repeated import *  # noqa: F403
