"""This module reads files into what an edit inserts."""

from typing import NamedTuple

from padfleet.shared.easysync import AText, Attribute, AttributePool, from_units, iter_ops, to_units
from padfleet.shared.easysync.assembler import Assembler
from padfleet.shared.easysync.characters import TAB, plain
from padfleet.shared.rendering.charsets import decoded
from padfleet.shared.rendering.paragraphs import DocumentTooLarge
from padfleet.shared.rendering.reading import from_html

WRITER = "a.?"
"""A placeholder for the author of what is read. The author may become known only after the file has
been read, because a refused file must not make anybody an author."""


LARGE = 30_000
"""An insertion whose operations have more characters than this is processed in a thread, outside
the event loop."""


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


def read_file(data: bytes | str, form: str, most: Most, *, headings: bool) -> Insertion:
    """Reads a file; see `jobs.reading` for the arguments. Raises `DocumentTooLarge`, or ValueError,
    which says what is wrong with the file."""
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
    pairs = list(pool.pairs())
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
