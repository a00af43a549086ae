"""This module says what is converted in a process of its own, and how that is answered, as bytes
for `shared.limited`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from padfleet.shared.conversion.fields import read_fields
from padfleet.shared.conversion.insertion import Insertion, Most, read_file
from padfleet.shared.conversion.shown import Edited, difference_shown, shown
from padfleet.shared.easysync import AText, Attribute, AttributePool
from padfleet.shared.limited.job import Job, taken_apart, with_data
from padfleet.shared.log.records import pack, unpack
from padfleet.shared.rendering.paragraphs import DocumentTooLarge

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
            return pack(read_file(source, form, Most(*most), headings=headings))
        except DocumentTooLarge as error:
            return pack(str(error))
    if kind == "fields":
        try:
            return pack(read_fields(bytes(data), *given))
        except OverflowError:
            raise ValueError("a number is larger than any parameter can be") from None
    if kind == "diff":
        before, numbered, edits, pairs, colors = given
        changes = [Edited(*edit) for edit in edits]
        return difference_shown(AText(*before), _pool(numbered), changes, _pool(pairs), colors)
    form, text, attribs, pairs, title = given
    return shown(form, AText(text, attribs), _pool(pairs), title)


def _pairs(pool: AttributePool) -> list[Attribute]:
    return [pool.get(number) for number in range(len(pool))]


def _pool(pairs: Iterable[Any]) -> AttributePool:
    pool = AttributePool()
    for key, value in pairs:
        pool.put(key, value)
    return pool
