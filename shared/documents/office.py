"""This module converts office documents and Markdown to HTML, which is then read like any other
HTML. It is pure."""

from __future__ import annotations

from io import BytesIO
from typing import Final

from padfleet.shared.documents.counting import without_marks
from padfleet.shared.documents.opentext import OpenDocument
from padfleet.shared.documents.packages import checked
from padfleet.shared.documents.prepared import prepared
from padfleet.shared.documents.wordparts import parts_of
from padfleet.shared.rendering.charsets import decoded

_STYLES: Final = "\n".join(
    (
        "u => u",
        "strike => s",
        "p[style-name='Title'] => h1:fresh",
        "p[style-name='Subtitle'] => h2:fresh",
        *(f"p[style-name='heading {level}'] => h6:fresh" for level in (7, 8, 9)),
        # Each of Word's own styles for nested lists is the first level of a list of its own.
        *(
            f"p[style-name='List {name} {level}'] => "
            + "ul|ol > li > " * (level - 1)
            + f"{tag} > li:fresh"
            for name, tag in (("Bullet", "ul"), ("Number", "ol"))
            for level in (2, 3, 4, 5)
        ),
    )
)
"""Rules for styles of Word that mammoth does not know."""


def html_of(data: bytes, ending: str) -> str:
    """Returns the HTML of a file with this extension: `.docx`, `.odt` or `.md`. Raises ValueError,
    which says what is wrong, if the file cannot be read."""
    readers = {".docx": _of_docx, ".odt": _of_odt, ".md": _of_markdown}
    if ending not in readers:
        raise ValueError(f"{ending} files cannot be imported")
    try:
        return readers[ending](data)
    except (ValueError, MemoryError, RecursionError):
        raise
    except Exception as error:
        # The libraries may raise any exception for a document that is broken.
        raise ValueError(f"it is a broken document: {type(error).__name__}: {error}") from None


def _of_docx(data: bytes) -> str:
    import mammoth

    archive = checked(data)
    parts = parts_of(archive)
    made = mammoth.convert_to_html(
        BytesIO(prepared(data, archive, parts)),
        style_map=_STYLES,
        ignore_empty_paragraphs=False,
        convert_image=lambda _: [],
    )
    # All spaces in the HTML come from the document, so they are kept.
    return f'<div style="white-space:pre-wrap">{without_marks(made.value)}</div>'


def _of_odt(data: bytes) -> str:
    return OpenDocument(data).html()


def _of_markdown(data: bytes) -> str:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock, reference

    def no_footnote(state: StateBlock, line: int, end: int, silent: bool) -> bool:
        # To CommonMark, the text of a footnote is the address of a link, which nobody would see.
        start = state.bMarks[line] + state.tShift[line]
        return not state.src.startswith("[^", start) and reference(state, line, end, silent)

    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.block.ruler.at("reference", no_footnote, {"alt": []})
    html: str = parser.render(decoded(data))
    return html
