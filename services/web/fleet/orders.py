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
"""The most values in it; an order has seven."""


class BadOrder(ValueError):
    """The body is not a valid order; the text says why."""


@dataclass(frozen=True, slots=True)
class Order:
    """One deed that an operator wants done."""

    deed: str
    pad: str
    to: str = ""  #: the other name, for a copy or a move
    replace: bool = False  #: an existing pad of that name is replaced
    author: str = ""  #: only this author is sent away; empty: everybody
    session: str = ""  #: only this session of the author
    keep_out_s: int = KEPT_OUT_S  #: for how many seconds those who are sent away cannot come back

    @classmethod
    def from_json(cls, body: bytes) -> "Order":
        """Reads an order from JSON. Raises `BadOrder`."""
        try:
            given = loads(body, most=MOST_VALUES)
        except BadJson:
            raise BadOrder("the request is not JSON") from None
        if not isinstance(given, dict):
            raise BadOrder("the request is not a JSON object")
        deed = given.get("deed")
        if deed not in DEEDS:
            raise BadOrder(f"deed: one of {', '.join(DEEDS)}")
        replace = given.get("replace", False)
        if not isinstance(replace, bool):
            raise BadOrder("replace: true or false")
        order = cls(
            deed,
            _text(given, "pad"),
            _text(given, "to"),
            replace,
            _text(given, "author"),
            _text(given, "session"),
            _seconds(given, "keep_out_s", KEPT_OUT_S),
        )
        if not order.pad:
            raise BadOrder("pad: its name is missing")
        if deed in ("copy", "move"):
            order.check_new_name()
        return order

    def check_new_name(self) -> None:
        """Checks the new name. Raises `BadOrder`."""
        if not is_new_pad_id(self.to):
            raise BadOrder(f"to: {self.to!r} is not a valid pad name: nobody could open it")
        if self.to == self.pad:
            raise BadOrder("to: both names are the same")


def _text(given: dict[str, Any], name: str) -> str:
    value = given.get(name, "")
    if not isinstance(value, str) or len(text := from_units(value)) > LONGEST:
        raise BadOrder(f"{name}: a text of up to {LONGEST} characters")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadOrder(f"{name}: it contains half of a surrogate pair") from None
    return text


def _seconds(given: dict[str, Any], name: str, default: int) -> int:
    value = given.get(name, default)
    if type(value) is not int or not 0 <= value <= MOST_KEPT_OUT_S:
        raise BadOrder(f"{name}: a whole number of seconds from 0 to {MOST_KEPT_OUT_S}")
    return value


async def carried_out(order: Order, deeds: PadDeeds) -> dict[str, Any]:
    """Carries out the order, and returns what there is to report. Raises what `PadDeeds` raises, or
    `BadOrder` if the new name belongs to a group that does not exist."""
    match order.deed:
        case "delete":
            await deeds.delete(order.pad)
        case "kick":
            found = await deeds.kick(
                order.pad,
                author=order.author,
                session=order.session,
                keep_out_s=order.keep_out_s,
            )
            return {"sessions": found}
        case "read-only link":
            return {"read_only_id": await deeds.read_only_id(order.pad)}
        case _:
            group = groups.group_of(order.to)
            if group is not None and not await groups.group_exists(deeds.redis, group):
                raise BadOrder(f"to: there is no group {group}")
            do = deeds.copy if order.deed == "copy" else deeds.move
            await do(order.pad, order.to, replace=order.replace)
    return {}
