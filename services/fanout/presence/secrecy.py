"""Keeps a pad's own id from those who came by its read-only link. Pure.

That id is all that it takes to write in an open fleet. The worker itself never sends it; but pages
and plugins of people who may write put it into messages that are passed on, into settings, and
beside a chat message. What people write for each other to read (texts, chat, their names) is
theirs, and is left as it is.
"""

from collections.abc import Mapping
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

MOST_ESCAPES: Final = 10_000
"""The most percent signs of a value that is decoded, which takes 0.6 µs for each. What has more of
them is taken to name the pad: a quarter of a megabyte of them held every worker that had the pad
open for 160 ms."""

_BETWEEN: Final = "\0"
"""Stands between the texts of a value when they are looked through together; no pad has it in its
id."""


class Secret:
    def __init__(self, pad_id: str) -> None:
        self._id = to_units(pad_id).casefold()

    def is_named_in(self, value: Any) -> bool:
        """Returns whether the id is in any text of a JSON value, names of members included, as it
        is or as it is written in an address."""
        return self._is_named_in(value, decodes=True)

    def _is_named_in(self, value: Any, *, decodes: bool) -> bool:
        texts, numbers = _texts(value)
        if self._id in numbers:
            return True
        text = _BETWEEN.join(texts)
        escapes = text.count("%")
        if escapes > (MOST_ESCAPES if decodes else 0):
            return True
        return self._is_in(text)

    def without(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the members of an object that do not name the pad."""
        return {
            name: value for name, value in members.items() if not self.is_named_in({name: value})
        }

    def settings(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Returns a pad's settings for readers, without plugins' settings that name the pad and
        with empty texts where a text names it."""
        if not self.is_named_in(options):
            return dict(options)
        # If there is too much to decode altogether, whatever would have to be decoded names it.
        decodes = _BETWEEN.join(_texts(options)[0]).count("%") <= MOST_ESCAPES

        def names(value: Any) -> bool:
            return self._is_named_in(value, decodes=decodes)

        shown = {
            name: value
            for name, value in options.items()
            if name in ("lang", "view") or not names({name: value})
        }
        if "lang" in shown and names(shown["lang"]):
            shown["lang"] = None
        if isinstance(view := shown.get("view"), Mapping):
            shown["view"] = {name: "" if names(value) else value for name, value in view.items()}
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


def _texts(value: Any) -> tuple[list[str], set[str]]:
    """Returns all texts of a value, other than words of the protocol, and all numbers: a part of a
    number says nothing."""
    texts: list[str] = []
    numbers: set[str] = set()
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as text:
                if text not in _ENVELOPE:
                    texts.append(text)
            case list() | tuple() as items:
                waiting += items
            case dict() as members:
                waiting += members.keys()
                waiting += members.values()
            case bool() | None:
                pass
            case int() | float() as number:
                numbers.add(str(number))
    return texts, numbers
