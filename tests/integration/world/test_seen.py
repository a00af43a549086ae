"""Runs the tests of seen.lua on the simulated Redis, with the unchanged scripts."""

from tests.integration.log.test_seen import *  # noqa: F403
