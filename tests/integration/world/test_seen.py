"""The same tests, of the scripts as they are, on the simulated Redis."""

from tests.integration.log.test_seen import *  # noqa: F403
