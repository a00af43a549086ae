"""Targets that files go into: HTML that is read as a pad, files in some encoding,
`.etherpad` files, and forms."""

from __future__ import annotations

import asyncio
from io import BytesIO
from random import Random
from typing import Any

from padfleet.shared.conversion import jobs
from padfleet.shared.conversion.insertion import Most
from padfleet.shared.easysync import iter_ops
from padfleet.shared.etherpad import records as r
from padfleet.shared.etherpad.converting import Converter
from padfleet.shared.etherpad.jsonfile import open_etherpad_file
from padfleet.shared.etherpad.source import pad_ids
from padfleet.shared.log.pad.document import CorruptPad, Document
from padfleet.shared.rendering.reading import from_html
from padfleet.shared.wire.jsontext import dumps
from tests.fuzz.mutate import mutated
from tests.fuzz.target import Target
from tests.fuzz.values import TEXTS, spoilt

_PAGES = [
    "<ul><li><p>one</p><ol start=3><li>a<br>b</li></ol></li></ul>",
    "<table><tr><td><p>a</p></td><td>b</table><pre>\n a\tb</pre>",
    '<!doctype html><meta name="generator" content="padfleet"><body>a&nbsp; b<br><h2>c</h2>',
    "<style>.a{font-weight:700}</style><p class=a>x<span style='font-style:italic'>y</span>",
    "<b><i>a</b>b</i><u>c<del>d</u>e</del>&amp;&#128512;&nbsp;<!-- x --><![CDATA[y]]>",
]
_TAGS = [
    *("<a ", "<b>", "</b>", "<i>", "</i>", "<p>", "</p>", "<div>", "<br>", "<ul>", "<ol start=99>"),
    *(
        "<li>",
        "</li>",
        "</ul>",
        "<table>",
        "<tr>",
        "<td>",
        "<pre>",
        "</pre>",
        "<![",
        "<!--",
        "<h1>",
    ),
    *("<style>", ".a{", "</style>", "<script>", "<svg>", "<select>", "<template>", "&#", "&nbsp;"),
    *("<li value=", "9" * 30, '<p class="list-number2">', "<ul class=list-bullet9>", " style='"),
]
_MOST = Most(units=20_000, attributes=500)


def _page(source: Random) -> str:
    if source.random() < 0.5:
        return mutated(source, source.choice(_PAGES), [*_PAGES, *_TAGS, *TEXTS])
    # A few pieces are repeated: nested or unclosed ones cost the most.
    few = source.choices([*_TAGS, "x", " "], k=source.randrange(1, 4))
    return "".join(few) * source.choice([1, 3, 200, 2000])


def _html(case: str) -> int:
    atext, pool = from_html(case, "a.x")
    ops = list(iter_ops(atext.attribs))
    assert sum(op.chars for op in ops) == len(atext.text)
    assert atext.text.endswith("\n")
    return len(atext.text) + len(atext.attribs) + len(pool)


def _file_case(source: Random) -> tuple[bytes, bool]:
    text = _page(source)
    name = source.choice(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252", "shift_jis"])
    data = text.encode(name, "replace")
    if source.random() < 0.4:
        data = mutated(source, data, [data, b"PK\x03\x04", b"\xff\xfe", b"\0"])
    return data, source.random() < 0.5


def _file(case: tuple[bytes, bool]) -> int:
    """Reads a file as the helper process does: with a job, and its answer."""
    data, is_html = case
    form = "html" if is_html else "txt"
    found = jobs.insertion(jobs.work(b"".join(jobs.reading(data, form=form, most=_MOST))))
    assert len(found.text) <= _MOST.units
    assert sum(op.chars for op in iter_ops(found.ops)) == len(found.text)
    return len(found.text) + len(found.ops) + len(found.pool)


def _form_case(source: Random) -> tuple[bytes, str]:
    body = b"apikey=a+b&padID=%F0%9F%98%80&text=%ff%00&text=&x"
    if source.random() < 0.5:
        return mutated(source, body, [body, b"&", b"=", b"%", b"&a=b" * 300]), "x-form"
    body = b'{"apikey":"a","text":"\\ud83d","n":[1,{"a":null}]}'
    return mutated(source, body, [body, b"[" * 300, b"9" * 400, b"1e999"]), "application/json"


def _form(case: tuple[bytes, str]) -> int:
    found: dict[str, Any] = jobs.fields_in(jobs.work(b"".join(jobs.fields(*case))))
    return sum(len(name) + len(str(value)) for name, value in found.items())


_RECORDS: dict[str, Any] = {
    "pad:x": {
        "atext": {"text": "abc\n", "attribs": "*0+3|1+1"},
        "pool": {"numToAttrib": {"0": ["author", "a.x"], "1": ["bold", "true"]}, "nextNum": 2},
        "head": 1,
        "chatHead": 1,
        "savedRevisions": [{"revNum": 1, "label": "l", "timestamp": 5, "savedById": "a.x"}],
    },
    "pad:x:revs:0": {"changeset": "Z:1>1*0+1$a", "meta": {"author": "a.x", "timestamp": 4}},
    "pad:x:revs:1": {"changeset": "Z:2>2=1*0*1+2$bc", "meta": {"author": "a.x", "timestamp": 5}},
    "pad:x:chat:0": {"text": "hi", "userId": "a.x", "time": 6},
    "pad:x:chat:1": {"text": "ho", "authorId": "a.x", "time": 7},
    "globalAuthor:a.x": {"colorId": 3, "name": "Ada", "timestamp": 8, "padIDs": "x"},
}


def _etherpad_case(source: Random) -> bytes:
    records = spoilt(source, _RECORDS) if source.random() < 0.8 else _RECORDS
    data = dumps(records).encode()
    if source.random() < 0.3:
        data = mutated(source, data, [data, b"9" * 400, b"[" * 300, b"\\ud83d", b"1000000000000"])
    return data


def _etherpad(case: bytes) -> int:
    return asyncio.run(_read_records(case))


async def _read_records(case: bytes) -> int:
    """Reads a file as an import does: it plays the history, and reads the rest. Counting goes only
    as far as the file has records; a larger number in it costs nothing, which the result shows."""
    records = await open_etherpad_file(BytesIO(case), most=1000)
    pads = await pad_ids(records)
    if len(pads) != 1:
        raise r.BadRecord("not one pad")
    (pad,), key = pads, r.pad_key(pads[0])
    (record,) = await records.get([key])
    converter = Converter(r.pool_of(record, key), latest=1 << 40)
    document, size = Document(), 0
    for rev in range(r.head_of(record, key) + 1):
        name = r.revision_key(pad, rev)
        (value,) = await records.get([name])  # the first that is missing ends it
        revision = converter.revision(value, name)
        try:
            document.replay(revision)
        except CorruptPad as error:
            raise r.BadRecord(str(error)) from error
        size += len(revision.wire)
    for saved in r.saved_of(record, key):
        size += len(saved.to_record())
    r.chat_count(record, key)
    for kind, value in [("chat", r.chat_key(pad, 0)), ("author", r.author_key("a.x"))]:
        (found,) = await records.get([value])
        if kind == "chat" and (message := r.message_of(found, 0)) is not None:
            size += len(message.to_record())
        elif kind == "author" and (author := r.author_of(found, "a.x")) is not None:
            size += len(author.name or "") + len(str(author.color))
    return size + document.body.units


TARGETS = [
    Target("html", _page, _html, (), 20_000),
    Target("file", _file_case, _file, (ValueError,), 20_000),
    Target("etherpad", _etherpad_case, _etherpad, (r.BadRecord,), 20_000),
    Target("form", _form_case, _form, (ValueError,), 30_000),
]
