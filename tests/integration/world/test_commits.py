"""Runs the tests of commits on the simulated Redis, with the unchanged scripts."""

from tests.integration.log.test_commits import *  # noqa: F403
