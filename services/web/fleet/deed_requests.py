"""Reads what the page of pads asks to have done, and does it."""

from dataclasses import dataclass
from typing import Any, Final

from padfleet.shared.bounds import is_new_pad_id
from padfleet.shared.deeds.pads import PadDeeds
from padfleet.shared.easysync import from_units
from padfleet.shared.log.fleet.audit import LONGEST
from padfleet.shared.log.people import groups
from padfleet.shared.log.people.sent_away import KEPT_OUT_S, MOST_KEPT_OUT_S
from padfleet.shared.wire.jsontext import BadJson, loads

DEEDS: Final = ("delete", "kick", "read-only link", "copy", "move")

LONGEST_BODY: Final = 16 << 10
"""The most bytes of a request's body."""

MOST_VALUES: Final = 100
"""The most values in it; a request has seven."""


class BadDeedRequest(ValueError):
    """The body is not a valid request; the text says why."""


@dataclass(frozen=True, slots=True)
class DeedRequest:
    """One deed that an operator wants done."""

    deed: str
    pad: str
    to: str = ""  #: the other name, for a copy or a move
    replace: bool = False  #: an existing pad of that name is replaced
    author: str = ""  #: only this author is sent away; empty: everybody
    session: str = ""  #: only this session of the author
    keep_out_s: int = KEPT_OUT_S  #: for how many seconds those who are sent away cannot come back

    @classmethod
    def from_json(cls, body: bytes) -> "DeedRequest":
        """Reads a request from JSON. Raises `BadDeedRequest`."""
        try:
            given = loads(body, most=MOST_VALUES)
        except BadJson:
            raise BadDeedRequest("the request is not JSON") from None
        if not isinstance(given, dict):
            raise BadDeedRequest("the request is not a JSON object")
        deed = given.get("deed")
        if deed not in DEEDS:
            raise BadDeedRequest(f"deed: one of {', '.join(DEEDS)}")
        replace = given.get("replace", False)
        if not isinstance(replace, bool):
            raise BadDeedRequest("replace: true or false")
        request = cls(
            deed,
            _text(given, "pad"),
            _text(given, "to"),
            replace,
            _text(given, "author"),
            _text(given, "session"),
            _seconds(given, "keep_out_s", KEPT_OUT_S),
        )
        if not request.pad:
            raise BadDeedRequest("pad: its name is missing")
        if deed in ("copy", "move"):
            request.check_new_name()
        return request

    def check_new_name(self) -> None:
        """Checks the new name. Raises `BadDeedRequest`."""
        if not is_new_pad_id(self.to):
            raise BadDeedRequest(f"to: {self.to!r} is not a valid pad name: nobody could open it")
        if self.to == self.pad:
            raise BadDeedRequest("to: both names are the same")


def _text(given: dict[str, Any], name: str) -> str:
    value = given.get(name, "")
    if not isinstance(value, str) or len(text := from_units(value)) > LONGEST:
        raise BadDeedRequest(f"{name}: a text of up to {LONGEST} characters")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadDeedRequest(f"{name}: it contains half of a surrogate pair") from None
    return text


def _seconds(given: dict[str, Any], name: str, default: int) -> int:
    value = given.get(name, default)
    if type(value) is not int or not 0 <= value <= MOST_KEPT_OUT_S:
        raise BadDeedRequest(f"{name}: a whole number of seconds from 0 to {MOST_KEPT_OUT_S}")
    return value


async def carried_out(request: DeedRequest, deeds: PadDeeds) -> dict[str, Any]:
    """Carries out the request, and returns what there is to report. Raises what `PadDeeds` raises,
    or `BadDeedRequest` if the new name belongs to a group that does not exist."""
    match request.deed:
        case "delete":
            await deeds.delete(request.pad)
        case "kick":
            found = await deeds.kick(
                request.pad,
                author=request.author,
                session=request.session,
                keep_out_s=request.keep_out_s,
            )
            return {"sessions": found}
        case "read-only link":
            return {"read_only_id": await deeds.read_only_id(request.pad)}
        case _:
            group = groups.group_of(request.to)
            if group is not None and not await groups.group_exists(deeds.redis, group):
                raise BadDeedRequest(f"to: there is no group {group}")
            do = deeds.copy if request.deed == "copy" else deeds.move
            await do(request.pad, request.to, replace=request.replace)
    return {}
