"""This module writes pads in each of the forms in which files and the API show them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from padfleet.shared.easysync import AText, AttributePool, EasysyncError, move_ops_to_new_pool
from padfleet.shared.palette import PALETTE
from padfleet.shared.rendering.diff import AuthoredChange, difference, style
from padfleet.shared.rendering.html import to_document, to_html
from padfleet.shared.rendering.txt import to_txt, without_halves
from padfleet.shared.wire.jsontext import dumps, loads


class Edited(NamedTuple):
    """A revision: its author, and what it changed."""

    author: str
    wire: bytes  #: the wire form, as it is stored


def shown(form: str, atext: AText, pool: AttributePool, title: str) -> bytes:
    """Returns a pad in one of the forms of `jobs.showing`. The libraries for documents are imported
    here, so that only processes that write a document load them."""
    match form:
        case "txt":
            return without_halves(to_txt(atext, pool)).encode()
        case "html":
            return to_document(atext, pool, title).encode()
        case "docx":
            from padfleet.shared.documents.word import to_docx

            return to_docx(atext, pool, title)
        case "odt":
            from padfleet.shared.documents.opendocument import to_odt

            return to_odt(atext, pool, title)
        case "pdf":
            from padfleet.shared.documents.printed import to_pdf

            return to_pdf(atext, pool, title)
        case "getText":
            return dumps({"text": to_txt(atext, pool)}).encode()
        case "getText of a revision":
            return dumps({"text": atext.text}).encode()
        case "getHTML":
            body = f"<!DOCTYPE HTML><html><body>{to_html(atext, pool)}</body></html>"
            return dumps({"html": body}).encode()
    raise AssertionError(form)


def difference_shown(
    before: AText,
    numbered: AttributePool,
    edits: Sequence[Edited],
    pool: AttributePool,
    colors: Mapping[str, int | str],
) -> bytes:
    """Returns the answer to a job of `jobs.differing`, whose arguments these are. `pool` may get
    more attributes. Raises ValueError if the revisions do not fit together."""
    changes = []
    try:
        start = AText(before.text, move_ops_to_new_pool(before.attribs, numbered, pool))
        for author, wire in edits:
            data = loads(wire)
            own = AttributePool.from_jsonable(data["apool"])
            changeset = move_ops_to_new_pool(data["changeset"], own, pool)
            changes.append(AuthoredChange(author, changeset))
        result, authors = difference(start, changes, pool)
        body = to_html(result, pool, signed=True)
    except EasysyncError as error:
        raise ValueError(f"the revisions do not fit together: {error}") from None
    return dumps({"html": style(pool, colors, PALETTE) + body, "authors": authors}).encode()
