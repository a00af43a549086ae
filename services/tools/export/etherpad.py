"""Gives pads of a fleet back to a running Etherpad, by its HTTP API and its import of files."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import quote

import aiohttp

from padfleet.shared.etherpad.answers import content_of, field_of
from padfleet.shared.etherpad.records import BadRecord
from padfleet.shared.etherpad.web import WebSource
from padfleet.shared.wire.jsontext import loads

Standing = Literal["missing", "same", "behind", "gone on"]
"""How a pad of the Etherpad relates to the fleet's: it does not exist; it has all of it; it has the
beginning of it; it has something else."""


class PadState(NamedTuple):
    """The facts that show whether one pad is the beginning of the other."""

    head: int
    time: int  #: that of the head, ms since the epoch
    chats: int  #: the number of chat messages
    saved: int  #: the number of saved revisions


def standing(there: PadState | None, here: PadState, time_of_theirs: int | None) -> Standing:
    """Compares the two. `time_of_theirs` is the time of our revision with the number of their
    newest; None if we have none."""
    if there is None:
        return "missing"
    if there == here:
        return "same"
    is_beginning = time_of_theirs == there.time
    more_beside = there.chats > here.chats or there.saved > here.saved
    return "behind" if is_beginning and not more_beside else "gone on"


class WebTarget(WebSource):
    """An Etherpad to which pads are given."""

    async def all_of(self, pad: str) -> PadState | None:
        """Returns the state of a pad; None if it has no such pad."""
        try:
            head, time = await self.state(pad)
        except BadRecord as error:
            if "does not exist" not in str(error):
                raise
            return None
        chat = await self._call("getChatHead", padID=pad)
        saved = await self._call("getSavedRevisionsCount", padID=pad)
        return PadState(
            head,
            time,
            field_of(chat, "chatHead", int, self._base) + 1,
            field_of(saved, "savedRevisions", int, self._base),
        )

    async def put_new(self, pad: str, file: Path) -> None:
        """Puts a pad under a name that it does not have yet. Raises `BadRecord` if it refuses the
        file."""
        headers = await self._headers_for(pad)
        url = f"{self._base}/p/{quote(pad, safe='')}/import"

        answer = b""

        async def once() -> aiohttp.ClientResponse:
            nonlocal answer
            with file.open("rb") as content:
                form = aiohttp.FormData()
                form.add_field("file", content, filename="pad.etherpad")
                async with self._http.post(url, data=form, headers=headers) as response:
                    answer = await content_of(response)
            return response

        response = await self._patiently("import", once)
        _accepted(response.status, answer)

    async def put_over(self, pad: str, file: Path) -> None:
        """Replaces the pad that it has, which stays until the file has been accepted."""
        beside = f"{pad}-{secrets.token_hex(4)}"
        await self.put_new(beside, file)
        try:
            await self._call("movePad", sourceID=beside, destinationID=pad, force="true")
        except BadRecord:
            await self._call("deletePad", padID=beside)
            raise


def _accepted(status: int, text: bytes) -> None:
    try:
        answer = loads(text)
        if answer["code"] == 0:
            return
        why = answer["message"]
    except (ValueError, KeyError, TypeError):
        why = f"status {status}"
    raise BadRecord(f"import: {why}")
