"""Runs the tests of commit.lua on the simulated Redis, with the unchanged scripts."""

from tests.integration.log.test_commit_script import *  # noqa: F403
