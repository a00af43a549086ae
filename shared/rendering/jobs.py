"""This module converts files in a separate process: it reads files into what an edit inserts, and
writes pads as text and HTML. It is pure; jobs and answers are bytes, for `shared.limited`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from padfleet.shared.easysync import (
    AText,
    Attribute,
    AttributePool,
    EasysyncError,
    from_units,
    iter_ops,
    move_ops_to_new_pool,
    to_units,
)
from padfleet.shared.easysync.assembler import Assembler
from padfleet.shared.easysync.characters import TAB, plain
from padfleet.shared.limited.job import Job, taken_apart, with_data
from padfleet.shared.log.records import pack, unpack
from padfleet.shared.palette import PALETTE
from padfleet.shared.rendering.charsets import decoded
from padfleet.shared.rendering.diff import AuthoredChange, difference, style
from padfleet.shared.rendering.html import to_document, to_html
from padfleet.shared.rendering.paragraphs import DocumentTooLarge
from padfleet.shared.rendering.reading import from_html
from padfleet.shared.rendering.txt import to_txt, without_halves
from padfleet.shared.wire.jsontext import BadJson, dumps, loads

WRITER = "a.?"
"""A placeholder for the author of what is read. The author may become known only after the file has
been read, because a refused file must not make anybody an author."""


LARGE = 30_000
"""An insertion whose operations have more characters than this is processed in a thread, outside
the event loop."""

MOST_FIELDS = 1000
"""The maximum number of fields in one call, and of values in one that comes as JSON. No call of
ours has more than ten, and the worker has to unpack all of them at once."""


MOST_STRUCTURE = 1_000
"""The maximum number of characters, as JSON, of a parameter that is not a string. None of ours is
more than a number."""


class Insertion(NamedTuple):
    """What an edit inserts in place of the whole pad, except for the newline at its end."""

    ops: str
    text: str  #: in code units
    pool: list[Attribute]  #: the attributes that the ops number; `WRITER` stands for the author

    @property
    def is_large(self) -> bool:
        """Whether the insertion is so large that it has to be processed outside the event loop."""
        return len(self.ops) > LARGE or len(self.pool) > LARGE // 10

    def pool_for(self, author: str) -> AttributePool:
        """Returns the attribute pool, with `author` in place of `WRITER`."""
        pool = AttributePool()
        for key, value in self.pool:
            pool.put(key, author if (key, value) == ("author", WRITER) else value)
        return pool


class Most(NamedTuple):
    """How large a pad may be after reading a file."""

    units: int  #: UTF-16 code units of the text
    attributes: int  #: how many different attributes


# --- Jobs ----------------------------------------------------------------------------------------


def reading(data: bytes | str, *, form: str, most: Most, headings: bool = True) -> Job:
    """Returns the job of reading a file, or HTML that has been decoded already.

    Arguments:
        form: ``txt``, ``html``, or the file extension of a document (``.docx``; see
            `shared.documents.offered.read`).
        most: how large the result may be.
        headings: whether the headings of a document stay headings.
    """
    text = data if isinstance(data, str) else None
    head = pack(["read", text, form, tuple(most), headings])
    return with_data(head, data if isinstance(data, bytes) else b"")


def showing(form: str, atext: AText, pool: AttributePool, title: str = "") -> Job:
    """Returns the job of writing a pad in one of several forms: ``txt``, ``html``, ``docx``,
    ``odt`` and ``pdf`` are files; ``getText``, ``getText of a revision`` (the text as it is stored)
    and ``getHTML`` are answers of the API as JSON."""
    return with_data(pack(["show", form, atext.text, atext.attribs, _pairs(pool), title]), b"")


class Edited(NamedTuple):
    """A revision: its author, and what it changed."""

    author: str
    wire: bytes  #: the wire form, as it is stored


def differing(
    before: AText,
    numbered: AttributePool,
    edits: Sequence[Edited],
    pool: AttributePool,
    colors: Mapping[str, int | str],
) -> Job:
    """Returns the job of showing what some revisions have changed, as the JSON of createDiffHTML.

    Arguments:
        before: the pad as it was before them.
        numbered: the pool of the attribute numbers in `before`.
        edits: the revisions, in their order.
        pool: all attributes of the pad, in the order in which they were first used.
        colors: the colours of the authors that are known.
    """
    changes = [tuple(edit) for edit in edits]
    head = pack(["diff", tuple(before), _pairs(numbered), changes, _pairs(pool), colors])
    return with_data(head, b"")


def fields(body: bytes, content_type: str) -> Job:
    """Returns the job of reading the parameters of an API call from its body, which is a JSON
    object or URL-encoded form data."""
    return with_data(pack(["fields", content_type]), body)


def fields_in(answer: bytes) -> dict[str, Any]:
    """Returns the parameters from the answer to a job of `fields`, with strings in code units."""
    found: dict[str, Any] = unpack(answer)
    return found


def insertion(answer: bytes) -> Insertion:
    """Returns what was read from the answer to a job of `reading`. Raises `DocumentTooLarge`."""
    found = unpack(answer)
    if isinstance(found, str):
        raise DocumentTooLarge(found)
    ops, text, pairs = found
    return Insertion(ops, text, [(key, value) for key, value in pairs])


# --- In the process ------------------------------------------------------------------------------


def work(job: bytes) -> bytes:
    """Does a job and returns its answer. Raises ValueError, with a text for the client, if the job
    cannot be done."""
    head, data = taken_apart(job)
    kind, *given = unpack(head)
    if kind == "read":
        text, form, most, headings = given
        source = bytes(data) if text is None else text
        try:
            return pack(_read(source, form, Most(*most), headings=headings))
        except DocumentTooLarge as error:
            return pack(str(error))
    if kind == "fields":
        try:
            return pack(_fields(bytes(data), *given))
        except OverflowError:
            raise ValueError("a number is larger than any parameter can be") from None
    if kind == "diff":
        return _differing(*given)
    form, text, attribs, pairs, title = given
    return _shown(form, AText(text, attribs), _pool(pairs), title)


def cleaned(text: str, most: int) -> str:
    """Returns a text, in code units, without characters for which an editor has no line or column.
    Raises `DocumentTooLarge` for a text of more than `most` units, before building the result."""
    measured(text, most)
    return plain(text)


def measured(text: str, most: int) -> None:
    """Raises `DocumentTooLarge` for a text that would have more than `most` units in a pad."""
    size = len(text) + (len(TAB) - 1) * text.count("\t") - text.count("\r\n")
    if size > most + 1:  # a newline at the end does not count, since the pad has one itself
        raise DocumentTooLarge(f"the text is longer than {most} characters")


def _fields(body: bytes, content_type: str) -> dict[str, Any]:
    if content_type == "application/json":
        try:
            given = loads(body, most=MOST_FIELDS) if body.strip() else {}
        except BadJson as error:
            raise ValueError(f"the body is not JSON: {error}") from None
        if not isinstance(given, dict):
            raise ValueError("the body is not a JSON object")
        for name, value in given.items():
            if not isinstance(value, str) and len(dumps(value)) > MOST_STRUCTURE:
                raise ValueError(f"{name[:50]} is no text, and too large for anything else")
        return {name: value for name, value in given.items() if value is not None}
    text = body.decode("utf-8", "replace")
    pairs = parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MOST_FIELDS)
    return {to_units(name): to_units(value) for name, value in pairs}


def _read(data: bytes | str, form: str, most: Most, *, headings: bool) -> Insertion:
    is_document = form.startswith(".")
    if isinstance(data, bytes):
        source = _document(data, form) if is_document else decoded(data)
    else:
        source = from_units(data)
    if form == "txt":
        text = cleaned(to_units(source), most.units)
        text = text.removesuffix("\n")
        out = Assembler()
        out.add_text("+", text, "*0")
        return Insertion(out.finish(), text, [("author", WRITER)])
    atext, pool = from_html(
        source,
        WRITER,
        units=most.units,
        headings=is_document and headings,
        addresses=is_document,
    )
    if len(pool) > most.attributes:
        raise DocumentTooLarge(f"there are more than {most.attributes} different attributes")
    pairs = [pool.get(number) for number in range(len(pool))]
    return Insertion(_inserting(atext), atext.text[:-1], pairs)


def _document(data: bytes, ending: str) -> str:
    """Returns a document as HTML. The libraries are imported here, so that only processes that read
    a document load them."""
    from padfleet.shared.documents.office import html_of

    return html_of(data, ending)


def _inserting(atext: AText) -> str:
    """Returns the operations that insert the text, without the newline at its end."""
    out, position = Assembler(), 0
    last = len(atext.text) - 1
    for op in iter_ops(atext.attribs):
        out.add_text("+", atext.text[position : min(position + op.chars, last)], op.attribs)
        position += op.chars
    return out.finish()


def _shown(form: str, atext: AText, pool: AttributePool, title: str) -> bytes:
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


def _differing(
    before: Any, numbered: Any, edits: Any, pairs: Any, colors: dict[str, int | str]
) -> bytes:
    pool = _pool(pairs)
    text, attribs = before
    changes = []
    try:
        start = AText(text, move_ops_to_new_pool(attribs, _pool(numbered), pool))
        for author, wire in edits:
            data = loads(wire)
            own = AttributePool.from_jsonable(data["apool"])
            changes.append(
                AuthoredChange(author, move_ops_to_new_pool(data["changeset"], own, pool))
            )
        shown, authors = difference(start, changes, pool)
        body = to_html(shown, pool, signed=True)
    except EasysyncError as error:
        raise ValueError(f"the revisions do not fit together: {error}") from None
    return dumps({"html": style(pool, colors, PALETTE) + body, "authors": authors}).encode()


def _pairs(pool: AttributePool) -> list[Attribute]:
    return [pool.get(number) for number in range(len(pool))]


def _pool(pairs: Iterable[Any]) -> AttributePool:
    pool = AttributePool()
    for key, value in pairs:
        pool.put(key, value)
    return pool
