"""The same tests, of the scripts as they are, on the simulated Redis."""

from tests.integration.log.test_inbox import *  # noqa: F403
