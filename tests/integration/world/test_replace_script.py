"""The same tests, of the scripts as they are, on the simulated Redis."""

from tests.integration.log.test_replace_script import *  # noqa: F403
