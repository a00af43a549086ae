"""Calls that could not be done just then, and may be made again."""

from __future__ import annotations

import pytest

from padfleet.services.web.api.dispatch import _COME_AGAIN, _come_again
from padfleet.shared.log.damage import PadReplaced
from padfleet.shared.log.pad.staging import ServerMoved


@pytest.mark.parametrize("why", [ServerMoved("the server is another"), PadReplaced()], ids=repr)
def test_a_pad_that_went_elsewhere_while_it_was_copied_is_asked_for_again(why: Exception) -> None:
    """It was answered as a fault of ours."""
    assert isinstance(why, _COME_AGAIN)
    answer = _come_again(why)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
