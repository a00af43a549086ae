"""Runs the tests of reign.lua on the simulated Redis, with the unchanged scripts."""

from tests.integration.log.test_reigns import *  # noqa: F403
