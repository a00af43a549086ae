"""Runs the tests of the inboxes on the simulated Redis, with the unchanged scripts."""

from tests.integration.log.test_inbox import *  # noqa: F403
