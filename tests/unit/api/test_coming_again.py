"""Calls that could not be done just then, and may be made again."""

from padfleet.services.web.api.dispatch import _COME_AGAIN, _come_again
from padfleet.shared.log.pad.staging import ServerMoved


def test_a_pad_that_went_elsewhere_while_it_was_copied_is_asked_for_again() -> None:
    """It was answered as a fault of ours."""
    assert ServerMoved in _COME_AGAIN
    answer = _come_again(ServerMoved("the server is another"))
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
