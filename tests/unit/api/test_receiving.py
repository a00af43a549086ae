"""Room for what a request brings."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request

from padfleet.services.web.api.receiving import BodyTooLarge, UploadRateExceeded, Uploads
from padfleet.shared.budget import NoRoom

REQUEST = make_mocked_request("POST", "/", headers={"Content-Length": "100"})


async def test_what_is_too_large_is_not_taken() -> None:
    with pytest.raises(BodyTooLarge):
        async with Uploads(-65_500).room(REQUEST, "a"):
            pass


async def test_want_of_room_for_something_else_is_not_want_of_room_for_this() -> None:
    """What a call would answer has a budget of its own: its `NoRoom` goes through."""
    uploads = Uploads(1000)
    with pytest.raises(NoRoom):
        async with uploads.room(REQUEST, "a"):
            raise NoRoom(5)
    for _ in range(50):  # and all has been given back
        async with uploads.room(REQUEST, "a") as room:
            assert room.size == 100


async def test_who_finds_no_room_in_time_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("padfleet.services.web.api.receiving.ROOM_PATIENCE", 0.001)
    uploads = Uploads(100)
    async with uploads.room(REQUEST, "a"), uploads.room(REQUEST, "a"):
        with pytest.raises(UploadRateExceeded):
            async with uploads.room(REQUEST, "a"):
                pass
