"""What must not be told to those who came by a pad's read-only link: its own id. Pure.

That id is all that it takes to write in an open fleet. The worker itself never says it; but pages
and plugins of those who may write put it into messages that are passed on, into settings, and
beside a chat message. What people write for each other to read (texts, chat, their names) is
theirs, and is left as it is.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from padfleet.shared.easysync import to_units

_ENVELOPE: Final = frozenset(
    {
        "COLLABROOM",
        "CLIENT_MESSAGE",
        "changedBy",
        "component",
        "data",
        "message",
        "messageKey",
        "newName",
        "options",
        "pad",
        "padoptions",
        "payload",
        "shoutMessage",
        "sticky",
        "suggestUserName",
        "time",
        "timestamp",
        "type",
        "unnamedId",
        "enforceSettings",
        "showChat",
        "alwaysShowChat",
        "chatAndUsers",
        "lang",
        "view",
        "showAuthorColors",
        "showLineNumbers",
        "rtlIsTrue",
        "padFontFamily",
        "fadeInactiveAuthorColors",
    }
)
"""Words of the protocol, which are in messages of every pad: a pad that is called so is not told by
them."""

_DECODINGS: Final = 3
"""How often a name may be percent-encoded on its way into a link."""


class Secret:
    def __init__(self, pad_id: str) -> None:
        self._id = to_units(pad_id).casefold()

    def is_named_in(self, value: Any) -> bool:
        """Whether the id is in any text of a value of JSON, names of members included, as it is or
        as it stands in an address."""
        return any(
            self._id == text if is_number else text not in _ENVELOPE and self._is_in(text)
            for text, is_number in _texts(value)
        )

    def without(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """The members of an object that do not name it."""
        return {
            name: value for name, value in members.items() if not self.is_named_in({name: value})
        }

    def settings(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """A pad's settings for readers: those of plugins that name it are left out, and of words
        that do there is none."""
        told = {
            name: value
            for name, value in options.items()
            if name in ("lang", "view") or not self.is_named_in({name: value})
        }
        if "lang" in told and self.is_named_in(told["lang"]):
            told["lang"] = None
        if isinstance(view := told.get("view"), Mapping):
            told["view"] = {
                name: "" if self.is_named_in(value) else value for name, value in view.items()
            }
        return told

    def _is_in(self, text: str) -> bool:
        for _ in range(_DECODINGS):
            if self._id in text.casefold():
                return True
            decoded = to_units(unquote(text, errors="replace"))
            if decoded == text:
                return False
            text = decoded
        return self._id in text.casefold()


def _texts(value: Any) -> Iterator[tuple[str, bool]]:
    """All texts and numbers of a value, and whether it is a number: part of one says nothing."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as text:
                yield text, False
            case list() | tuple() as items:
                waiting += items
            case dict() as members:
                waiting += members.keys()
                waiting += members.values()
            case bool() | None:
                pass
            case int() | float() as number:
                yield str(number), True
