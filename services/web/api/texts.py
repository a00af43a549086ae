"""Implements the API's functions on a pad's text, now and at earlier revisions."""

from padfleet.services.web.api import arguments
from padfleet.services.web.api.context import Api, ApiError, Fields, JsonAnswer
from padfleet.services.web.api.conversion import CALLERS, placing
from padfleet.services.web.api.pads import cleaned
from padfleet.shared.easysync import (
    AText,
    AttributePool,
    Builder,
    make_splice,
    move_ops_to_new_pool,
    replacing,
)
from padfleet.shared.etherpad.converting import with_authors
from padfleet.shared.log.changes.edits import EditChange, Make, Missing
from padfleet.shared.log.pad.document import Document
from padfleet.shared.log.pad.past import document_at
from padfleet.shared.log.pad.reader import HotReader
from padfleet.shared.log.people.author_records import SYSTEM_AUTHOR


async def get_text(api: Api, fields: Fields) -> JsonAnswer:
    """Returns the newest text in the form of the export, or that of a revision unchanged, as in
    Etherpad."""
    rev = arguments.rev(fields)
    reader = await arguments.reader(api, fields)
    arguments.not_above_head(rev, reader.meta)
    document = await document_at(reader, rev)
    form = "getText" if rev is None else "getText of a revision"
    return JsonAnswer(await api.conversion.show(CALLERS, form, document))


async def get_html(api: Api, fields: Fields) -> JsonAnswer:
    rev = arguments.rev(fields)
    reader = await arguments.reader(api, fields)
    arguments.not_above_head(rev, reader.meta)
    document = await document_at(reader, rev)
    return JsonAnswer(await api.conversion.show(CALLERS, "getHTML", document))


async def set_text(api: Api, fields: Fields) -> None:
    text = arguments.text(fields, "text")
    author = arguments.author(fields) or SYSTEM_AUTHOR
    pad, _ = await arguments.pad(api, fields)
    await change(api, pad, author, setting(await cleaned(text), author))


async def set_html(api: Api, fields: Fields) -> None:
    html = arguments.text(fields, "html")
    author = arguments.author(fields) or SYSTEM_AUTHOR
    pad, _ = await arguments.pad(api, fields)
    found = await api.conversion.read(CALLERS, html, form="html")
    await change(api, pad, author, placing(found, author), large=found.is_large)


async def append_text(api: Api, fields: Fields) -> None:
    text = arguments.text(fields, "text")
    author = arguments.author(fields) or SYSTEM_AUTHOR
    pad, _ = await arguments.pad(api, fields)
    await change(api, pad, author, appending(await cleaned(text), author))


async def restore_revision(api: Api, fields: Fields) -> None:
    rev = arguments.rev(fields)
    if rev is None:
        raise ApiError("rev is not defined")
    author = arguments.author(fields) or SYSTEM_AUTHOR
    pad, meta = await arguments.pad(api, fields)
    arguments.not_above_head(rev, meta)
    async with api.noting("restore revision", pad, rev=rev):
        then = await document_at(HotReader(api.redis, api.keyspace.pad(pad), meta), rev)
        await change(api, pad, author, bringing_all_of(then), for_others=True, large=then.is_large)


async def change(
    api: Api,
    pad: str,
    author: str,
    make: Make,
    *,
    for_others: bool = False,
    large: bool = False,
) -> None:
    """Changes the pad as `make` says; `for_others` and `large` are those of `Edits.change`."""
    try:
        await api.edits.change(pad, author, make, for_others=for_others, large=large)
    except Missing:
        raise ApiError("padID does not exist") from None


# --- Changes -------------------------------------------------------------------------------------


def setting(text: str, author: str) -> Make:
    """Replaces the pad's whole text, except for the newline at its end: that one stays, so that
    what somebody types meanwhile stays too and the pad still ends as it must."""

    def make(document: Document) -> EditChange | None:
        old = document.atext.text
        new = text[:-1] if text.endswith("\n") else text
        if not new and old == "\n":
            return None
        pool = AttributePool()
        builder = Builder(len(old)).remove_text(old[:-1])
        builder.insert(new, [("author", author)] if new else [], pool)
        return EditChange(builder.to_changeset(), pool)

    return make


def appending(text: str, author: str) -> Make:
    """Inserts a text before the newline at the end."""

    def make(document: Document) -> EditChange | None:
        if not text:
            return None
        old = document.atext.text
        pool = AttributePool()
        splice = make_splice(old, len(old) - 1, 0, text, [("author", author)], pool)
        return EditChange(splice, pool)

    return make


def bringing_all_of(then: Document) -> Make:
    """Replaces the pad's whole content with another document, including its authors and
    attributes."""

    def make(document: Document) -> EditChange | None:
        atext, pool, wire_pool = then.atext, then.pool, AttributePool()
        attribs = move_ops_to_new_pool(atext.attribs, pool, wire_pool)
        changeset = replacing(document.atext.text, AText(atext.text, attribs))
        return EditChange(with_authors(changeset, wire_pool, newlines=True), wire_pool)

    return make
