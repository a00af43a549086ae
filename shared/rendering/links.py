"""This module finds the addresses in a text that Etherpad's page turns into links."""

import re
from collections.abc import Iterator
from urllib.parse import quote

_SCHEMES = (
    r"(?:(?:x-)?man|afp|file|ftps?|gopher|https?|nfs|sftp|smb|txmt)://"
    r"|(?:about|geo|mailto|tel):|www\."
)

_CHARS = (
    r"[-:@_.,~%+/?=&#!;()\[\]$'*0-9A-Za-zÀ-ÖØ-öø-ÿĀ-\u1FFF\u3040-\u9FFF\uF900-\uFDFF\uFE70-\uFEFE"
    r"\uFF10-\uFF19\uFF21-\uFF3A\uFF41-\uFF5A\uFF66-\uFFDC]"
)

_URL = re.compile(f"({_SCHEMES})({_CHARS}+)")

_ENDS_A_SENTENCE = ":.,;?!)]'*"


def links_in(text: str) -> Iterator[tuple[int, int]]:
    """Yields where each address starts and ends. None of them has a scheme that runs code, such as
    `javascript:`."""
    for found in _URL.finditer(text):
        rest = found[2].rstrip(_ENDS_A_SENTENCE)
        if rest:
            yield found.start(), found.start(2) + len(rest)


MOST_ADDRESS = 2_000
"""The maximum length, in characters, of an address that is added to a text."""

_ESCAPED = re.compile(f"(?!{_CHARS}).", re.DOTALL)


_NO_ADDRESS = re.compile(r"[\s\ud800-\udfff]")
"""What no address holds: spaces end it, and half a character (a lone surrogate) has no bytes that
could be written as `%41` is."""


class LinkRead:
    """A link in HTML that is being read: where it leads, and its text so far."""

    def __init__(self, href: str) -> None:
        self._href = href.strip()
        self._said: list[str] = []

    def say(self, text: str) -> None:
        """Adds to the link's text."""
        self._said.append(text)

    def address_to_add(self) -> str:
        """Returns the address to add after the link's text, in a form in which all of it becomes a
        link in a pad. Returns an empty string if pads would not link the address, or if the text is
        the address already."""
        address = linkable(self._href)
        said = "".join(self._said).strip()
        return "" if _plainly(said) in (_plainly(self._href), _plainly(address)) else address


def linkable(href: str) -> str:
    """Returns the address as text that pages turn into a link to the same place, from its first
    character to its last. Returns an empty string if they would not."""
    if len(href) > MOST_ADDRESS or _NO_ADDRESS.search(href):
        return ""
    text = _ESCAPED.sub(lambda char: quote(char[0], safe="%"), href)
    kept = text.rstrip(_ENDS_A_SENTENCE)
    text = kept + "".join(f"%{ord(char):02X}" for char in text[len(kept) :])
    found = _URL.fullmatch(text)
    return text if found is not None and not text.startswith("www.") else ""


def _plainly(address: str) -> str:
    """Returns the address without what does not matter to a person who compares two addresses."""
    return address.removeprefix("http://").removesuffix("/")
