"""This module renders a pad as HTML: the result is that of Etherpad's export, with every element
closed.

Everything in a pad is treated as text. Characters that have a meaning in HTML are escaped, and no
part of an attribute's value gets into a tag: attributes only select among fixed tags.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from padfleet.shared.easysync import AText, AttributePool, from_units
from padfleet.shared.rendering.diff import REMOVED, author_class
from padfleet.shared.rendering.lines import TextLine, TextRun, lines_of
from padfleet.shared.rendering.links import links_in

_TAGS = {
    "heading1": "h1",
    "heading2": "h2",
    "bold": "strong",
    "italic": "em",
    "underline": "u",
    "strikethrough": "s",
}

_LIST_CLASSES = frozenset({"bullet", "number", "indent"})

_ESCAPES = {
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    ord('"'): "&quot;",
    ord("'"): "&#x27;",
    ord("/"): "&#x2F;",
    # HTML ignores these characters, or treats them as errors.
    **{code: "" for code in range(0x20) if code not in (0x09, 0x0A, 0x0D)},
}

TagsOf = Callable[[dict[str, str]], list[str]]
"""A function that returns the tags for the attributes of a text, the outermost first, each with its
class if it has one."""

_NOT_PLAIN = re.compile(r"[^\x21-\x7e\x80-\x9f\s]")
"""Characters that are written as numbers. The controls from 80 to 9f are not, because browsers take
`&#x80;` to `&#x9f;` for characters of Windows-1252."""

_PLAIN = re.compile(r"[ !#-%(-.0-;=?-~]*")
"""Text in which nothing has to be escaped. Most text is like this, and one match recognises it."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_PART = re.compile("<[^>]*>|[ \u00a0]|[^ \u00a0<]+")

_DOCUMENT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta name="generator" content="padfleet">
<style>
ol {{ counter-reset: item; }}
ol > li {{ counter-increment: item; display: block; }}
ol > li::before {{ content: counters(item, ".") ". "; }}
ul.indent {{ list-style-type: none; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def to_html(atext: AText, pool: AttributePool, *, signed: bool = False) -> str:
    """Returns the content of the body element.

    Arguments:
        signed: gives text the class of its author, and removed text a class as well.

    Raises `EasysyncError` if the attributes do not fit the text or are not in the pool.
    """
    return "".join(_blocks(lines_of(atext, pool), _signed_tags if signed else _tags))


def to_document(atext: AText, pool: AttributePool, title: str) -> str:
    """Returns a whole page. Raises what `to_html` raises."""
    return _DOCUMENT.format(title=escaped(title), body=to_html(atext, pool))


def escaped(text: str) -> str:
    """Returns `text` in ASCII, escaped for use inside an element or a quoted attribute.

    A lone surrogate, which HTML cannot contain, becomes the replacement character.
    """
    if _PLAIN.fullmatch(text):
        return text
    whole = _SURROGATE.sub("\ufffd", from_units(text)).translate(_ESCAPES)
    return _NOT_PLAIN.sub(lambda char: f"&#{ord(char[0])};", whole)


# --- Lines ---------------------------------------------------------------------------------------


def _blocks(lines: Iterable[TextLine], tags_of: TagsOf) -> Iterator[str]:
    lists = _Lists()
    for line in lines:
        if line.level:
            yield from lists.item(line)
            yield _headed(line, tags_of)
            continue
        yield from lists.end()
        if line.heading:
            yield _headed(line, tags_of)
        else:
            yield f"{_content(line, tags_of)}<br>"
    yield from lists.end()


def _headed(line: TextLine, tags_of: TagsOf) -> str:
    content = _content(line, tags_of)
    return f"<{line.heading}>{content}</{line.heading}>" if line.heading else content


class _Lists:
    """The lists that are open, the outermost first. Each of them has one open item."""

    def __init__(self) -> None:
        self._open: list[str] = []  # types
        self._is_empty = False  # whether the open item is empty
        self._counts: dict[int, int] = {}
        """The numbers of the last items of numbered lists, by level. A list that was interrupted by
        another one goes on counting, unless its next item says its number. A list that has ended
        with its level is not here and starts again."""

    def item(self, line: TextLine) -> Iterator[str]:
        """Yields what has to precede the content of a line that is a list item."""
        if len(self._open) >= line.level and self._open[line.level - 1] != line.list_type:
            yield from self._close(0, ends_at=line.level)
        yield from self._close(line.level, ends_at=line.level)
        if len(self._open) == line.level:
            yield "</li><li>"
        elif self._open and self._is_empty:
            yield "<br>"  # else the item would exist only for the list inside it
        self._is_empty = not line.runs and not line.heading
        while len(self._open) < line.level:
            yield self._tag(line, len(self._open) + 1)
            self._open.append(line.list_type)
            yield "<li>"
        if line.list_type == "number":
            self._counts[line.level] = self._counts.get(line.level, 0) + 1

    def end(self) -> Iterator[str]:
        yield from self._close(0, ends_at=0)
        self._counts.clear()

    def _tag(self, line: TextLine, level: int) -> str:
        kind = line.list_type if line.list_type in _LIST_CLASSES else "bullet"
        if line.list_type != "number":
            style = ' style="list-style-type: none;"' if kind == "indent" else ""
            return f'<ul class="{kind}"{style}>'
        if level < line.level:
            return '<ol class="number">'
        if line.start is not None:
            self._counts[level] = line.start - 1
            return f'<ol start="{line.start}" class="number">'
        count = self._counts.get(level, 0)
        return f'<ol start="{count + 1}" class="number">' if count else '<ol class="number">'

    def _close(self, level: int, *, ends_at: int) -> Iterator[str]:
        """Closes lists until `level` are left. Numbered lists deeper than `ends_at` have ended;
        later ones on their levels start again at 1."""
        while len(self._open) > level:
            if len(self._open) > ends_at and self._open[-1] == "number":
                self._counts.pop(len(self._open), None)
            yield "</li></ol>" if self._open.pop() == "number" else "</li></ul>"


# --- Within a line -------------------------------------------------------------------------------


def _tags(attribs: dict[str, str]) -> list[str]:
    """Returns the tags of text with these attributes, the outermost first."""
    return [_TAGS[key] for key, value in attribs.items() if key in _TAGS and value]


def _signed_tags(attribs: dict[str, str]) -> list[str]:
    """Returns the tags of text with these attributes, with spans for its author and for removed
    text."""
    found = []
    for key, value in attribs.items():
        if key == "author" and value:
            found.append(f'span class="{author_class(value)}"')
        elif key == REMOVED[0]:
            found.append('span class="removed"')
        elif key in _TAGS and value:
            found.append(_TAGS[key])
    return found


def linked(line: TextLine) -> Iterator[tuple[str, Iterator[TextRun]]]:
    """Yields the runs of a line, together with the address that they link to, which is empty for
    text outside links."""
    links = list(links_in(line.text))
    if not links:
        yield "", iter(line.runs)
        return
    at = 0
    for start, end in links:
        yield "", _cut(line.runs, at, start)
        url = line.text[start:end]
        # Without a scheme, the link would lead to a page next to this one.
        yield f"http://{url}" if url.startswith("www.") else url, _cut(line.runs, start, end)
        at = end
    yield "", _cut(line.runs, at, len(line.text))


def _content(line: TextLine, tags_of: TagsOf) -> str:
    pieces: list[str] = []
    for url, runs in linked(line):
        if url:
            pieces.append(f'<a href="{escaped(url)}" rel="noreferrer noopener">')
        pieces += _formatted(runs, tags_of)
        if url:
            pieces.append("</a>")
    return _with_hard_spaces("".join(pieces))


def _cut(runs: Iterable[TextRun], start: int, end: int) -> Iterator[TextRun]:
    position = 0
    for run in runs:
        text = run.text[max(start - position, 0) : max(end - position, 0)]
        position += len(run.text)
        if text:
            yield TextRun(text, run.attribs)


def _formatted(runs: Iterable[TextRun], tags_of: TagsOf) -> Iterator[str]:
    tags: list[str] = []  # the open tags, the outermost first
    for run in runs:
        wanted = tags_of(run.attribs)
        kept = 0
        while kept < len(tags) and tags[kept] in wanted:
            kept += 1
        for tag in reversed(tags[kept:]):
            yield _closing(tag)
        fresh = [tag for tag in wanted if tag not in tags[:kept]]
        tags = tags[:kept] + fresh
        for tag in fresh:
            yield f"<{tag}>"
        yield escaped(run.text)
    for tag in reversed(tags):
        yield _closing(tag)


def _closing(tag: str) -> str:
    return f"</{tag.partition(' ')[0]}>"


def _with_hard_spaces(html: str) -> str:
    """Returns the HTML with `&nbsp;` for each space that a browser would not show. Browsers show
    only one of several spaces in a row, and none at either end of a line, so only the last space
    between two words stays as it is, where the line may break."""
    if " " not in html:
        return html.replace("\u00a0", "&#160;")
    parts = _PART.findall(html)
    before_word = False  # what comes next is part of a word
    for i in range(len(parts) - 1, -1, -1):
        if parts[i] == " ":
            if not before_word:
                parts[i] = "&nbsp;"
            before_word = False
        elif not parts[i].startswith("<"):
            before_word = True
    for i, part in enumerate(parts):
        if part == " ":
            parts[i] = "&nbsp;"
            break
        if not part.startswith("<"):
            break
    return "".join(parts).replace("\u00a0", "&#160;")
