"""Keeps a pad's own id from those who came by its read-only link. Pure.

That id is all that it takes to write in an open fleet. The worker itself never sends it; but pages
and plugins of people who may write put it into messages that are passed on, into settings, and
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
"""Words of the protocol, which are in messages of every pad: they do not count as naming a pad that
has such a name."""

_DECODINGS: Final = 3
"""How often a name may be percent-encoded on its way into a link."""


class Secret:
    def __init__(self, pad_id: str) -> None:
        self._id = to_units(pad_id).casefold()

    def is_named_in(self, value: Any) -> bool:
        """Returns whether the id is in any text of a JSON value, names of members included, as it
        is or as it is written in an address."""
        return any(
            self._id == text if is_number else text not in _ENVELOPE and self._is_in(text)
            for text, is_number in _texts(value)
        )

    def without(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the members of an object that do not name the pad."""
        return {
            name: value for name, value in members.items() if not self.is_named_in({name: value})
        }

    def settings(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Returns a pad's settings for readers, without plugins' settings that name the pad and
        with empty texts where a text names it."""
        shown = {
            name: value
            for name, value in options.items()
            if name in ("lang", "view") or not self.is_named_in({name: value})
        }
        if "lang" in shown and self.is_named_in(shown["lang"]):
            shown["lang"] = None
        if isinstance(view := shown.get("view"), Mapping):
            shown["view"] = {
                name: "" if self.is_named_in(value) else value for name, value in view.items()
            }
        return shown

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
    """Yields all texts and numbers of a value, and whether each is a number: a part of a number
    says nothing."""
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
