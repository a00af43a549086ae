"""Runs the tests of membership on the simulated Redis."""

from tests.integration.log.test_membership import *  # noqa: F403
