"""Addresses in a text that become links: those that Etherpad's page makes links of."""

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
    """Where they start and end. No scheme that runs anything (javascript:) is among them."""
    for found in _URL.finditer(text):
        rest = found[2].rstrip(_ENDS_A_SENTENCE)
        if rest:
            yield found.start(), found.start(2) + len(rest)


MOST_ADDRESS = 2_000
"""Characters of an address that is put into a text."""

_ESCAPED = re.compile(f"(?!{_CHARS}).", re.DOTALL)


class LinkRead:
    """A link while HTML is read: where it leads, and what its text is so far."""

    def __init__(self, href: str) -> None:
        self._href = href.strip()
        self._said: list[str] = []

    def say(self, text: str) -> None:
        """Some more of its text."""
        self._said.append(text)

    def address_to_add(self) -> str:
        """The address that is to stand behind the text, in a form in which all of it becomes a
        link; empty: there is none that a pad links, or the text has it already."""
        address = linkable(self._href)
        said = "".join(self._said).strip()
        return "" if _plainly(said) in (_plainly(self._href), _plainly(address)) else address


def linkable(href: str) -> str:
    """The address as a text of which pages make a link to the same place, from its first character
    to its last; empty: they would make none of it."""
    if len(href) > MOST_ADDRESS or any(char.isspace() for char in href):
        return ""
    text = _ESCAPED.sub(lambda char: quote(char[0], safe="%"), href)
    kept = text.rstrip(_ENDS_A_SENTENCE)
    text = kept + "".join(f"%{ord(char):02X}" for char in text[len(kept) :])
    found = _URL.fullmatch(text)
    return text if found is not None and not text.startswith("www.") else ""


def _plainly(address: str) -> str:
    """What is the same of two addresses for who reads them."""
    return address.removeprefix("http://").removesuffix("/")
