"""Runs the tests of the channels on the simulated Redis."""

from tests.integration.log.test_channels import *  # noqa: F403
