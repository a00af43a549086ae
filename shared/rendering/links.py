"""Addresses in a text that become links: those that Etherpad's page makes links of."""

import re
from collections.abc import Iterator

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
