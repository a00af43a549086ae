"""Runs the tests of leases on the simulated Redis, with the unchanged scripts."""

from tests.integration.log.test_leases import *  # noqa: F403
