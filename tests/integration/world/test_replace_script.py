"""Runs the tests of replace.lua on the simulated Redis, with the unchanged scripts."""

from tests.integration.log.test_replace_script import *  # noqa: F403
