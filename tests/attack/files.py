"""Attacks by import and export."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import aiohttp

from tests.attack.attack import PAD, Attack, Run
from tests.attack.drivers import (
    BREACH,
    Tally,
    Target,
    all_at_once,
    connection,
    forever,
    http,
    over_and_over,
    told,
)


@cache
def html() -> dict[str, str]:
    return {
        "tags that are not closed": "<a " * 300_000,
        "elements that are not closed": "<b>x" * 200_000,
        "elements closed by others": "<b></i>" * 200_000,
        "paragraphs": "<p>x" * 400_000,
        "deep": "<div>" * 200_000,
        "deep lists": "<ul><li>" * 50_000,
        "a list that begins far": f"<ol start={'9' * 5000}><li>x</ol>",
        "half a declaration": "<![",
        "comments": "<!--" * 300_000,
        "half comments": "<!--x--!" * 200_000,
        "attributes": "<p " + " ".join(f"a{n}=b" for n in range(200_000)) + ">x",
        "one attribute": f'<p style="{"a:b;" * 300_000}">x',
        "entities": "&amp" * 500_000,
        "numbers of letters": f"&#{'9' * 100_000};" * 10,
        "tables": "<table><tr><td>" * 50_000,
        "formatting to adopt": "<a><b><i><p>" * 20_000,
        "templates": "<template>" * 100_000,
        "foreign": "<svg><math>" * 50_000,
        "raw text": "<script>" * 200_000,
        "bold and not": "<b>x</b>y" * 200_000,
    }


def history(**head: Any) -> str:
    """Returns an .etherpad file of one revision, with changes to its record."""
    pool = {"numToAttrib": {}, "nextNum": 0}
    text = {"text": "a\n", "attribs": "|1+2"}
    first = {"author": "", "timestamp": 1_600_000_000_000, "pool": pool, "atext": text}
    more = head.pop("records", {})
    return json.dumps(
        {
            "pad:h": {
                "atext": text,
                "pool": pool,
                "head": 0,
                "chatHead": -1,
                "publicStatus": False,
                "savedRevisions": [],
                **head,
            },
            "pad:h:revs:0": {"changeset": "Z:1>1+1$a", "meta": first},
            **more,
        }
    )


def wide(count: int) -> dict[str, Any]:
    return {"numToAttrib": {str(n): ["x", str(n)] for n in range(count)}, "nextNum": count}


@cache
def lies() -> dict[str, str]:
    """Returns small files with false claims."""
    return {
        "chat without end": history(chatHead=10**12),
        "revisions without end": history(head=10**12),
        "a number of 5,000 digits": history(head=0).replace('"head": 0', f'"head": {"9" * 5000}'),
        "a saved revision of 5,000 digits": history(savedRevisions=[{"revNum": "X"}]).replace(
            '"X"', "9" * 5000
        ),
        "1e999": history().replace('"chatHead": -1', '"chatHead": 1e999'),
        "deep and closed": '{"pad:h":' + "[" * 100_000 + "]" * 100_000 + "}",
        "half of a pair": history(savedRevisions=[{"revNum": 0, "label": "\ud800"}]),
        "odd types": history(pool=[], atext=7, savedRevisions="x", records={"pad:h:revs:1": None}),
        "a changeset that grows": history(
            head=1,
            records={
                "pad:h:revs:1": {
                    "changeset": "Z:2>zzzzzz+zzzzzz$x",
                    "meta": {"author": "", "timestamp": 1},
                }
            },
        ),
    }


@cache
def large() -> dict[str, str]:
    return {
        "a name of 5 MB": history(
            records={"globalAuthor:a.0000000000000000": {"name": "x" * 5_000_000, "colorId": "x"}}
        ),
        "a label of 3 MB": history(savedRevisions=[{"revNum": 0, "label": "x" * 3_000_000}]),
        "a message of 5 MB": history(
            chatHead=0,
            records={"pad:h:chat:0": {"text": "x" * 5_000_000, "time": 9e15, "userId": "a"}},
        ),
        "a pool of 600,000": history(pool=wide(600_000)),
        "an attribute of 5 MB": history(
            pool={"numToAttrib": {"0": ["x", "y" * 5_000_000]}, "nextNum": 1}
        ),
        "records of no kind": json.dumps({f"x:{n}": n for n in range(400_000)}),
        "deep": '{"pad:h":' + "[" * 2_000_000,
        "a text of 10 MB": history(atext={"text": "x" * 10_000_000 + "\n", "attribs": "|1+5yc1t"}),
    }


@cache
def documents() -> dict[str, dict[str, bytes]]:
    """Returns documents, by their ending, that are bombs, deep, locked, of many parts, or no
    documents at all."""
    odt = '<o:document-content xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0"><o:body>'
    ends = "</o:body></o:document-content>"
    entities = "".join(f"<!ENTITY e{n} '{f'&e{n - 1};' * 10 if n else 'x'}'>" for n in range(12))
    laughs = f"<!DOCTYPE x [{entities}]><x>&e11;</x>"
    bodies = {
        "a bomb": " " * 200_000_000,
        "a bomb within what is allowed": f"{odt}{'<a/>' * 4_000_000}{ends}",
        "laughs": laughs,
        "deep": "<a>" * 1_000_000,
        "cut off": odt,
        "nothing": "",
    }
    packed = {
        name: _zipped({"content.xml": body, "word/document.xml": body})
        for name, body in bodies.items()
    }
    packed["many parts"] = _zipped({f"{n}.xml": "<x/>" for n in range(60_000)})
    packed["laughs by another name"] = _zipped(
        {
            "word/document.xml": "<x/>",
            "body.dat": laughs,
            "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
            'relationships"><Relationship Id="r" Type="http://schemas.openxmlformats.org/'
            'officeDocument/2006/relationships/officeDocument" Target="body.dat"/></Relationships>',
        }
    )
    packed["no archive"] = b"PK\3\4" + bytes(1_000_000)
    marks = {
        "quotes": "> " * 200_000,
        "brackets": "[" * 500_000,
        "stars": "*a _b " * 200_000,
        "ticks": "".join("`" * n + " " for n in range(1500)),
        "lists": "".join(" " * n + "- x\n" for n in range(1500)),
        "tables": "|".join(["a"] * 20_000) + "\n" + "|".join(["-"] * 20_000) + "\n",
        "references": "".join(f"[{n}]: x\n" for n in range(100_000)) + "[0]" * 100_000,
    }
    return {
        "docx": packed,
        "odt": packed,
        "md": {name: text.encode() for name, text in marks.items()},
    }


def _zipped(parts: dict[str, str]) -> bytes:
    made = BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return made.getvalue()


async def odd_documents(target: Target, tally: Tally) -> None:
    """Imports all of these documents, two at a time, as many as one client may."""
    files = [(ending, data) for ending, those in documents().items() for data in those.values()]

    async def once(number: int) -> str:
        ending, data = files[number % len(files)]
        said = await put_in_turn(target, f"{PAD}-document-{number}", data, ending)
        return said if said.startswith(BREACH) else f"{ending}: {said}"

    await over_and_over(tally, 2, once, 0.1)


@cache
def plain() -> dict[str, str]:
    return {
        "tabs": "\t" * 14_000_000,
        "lines": "\n" * 6_000_000,
        "nothing": "\0" * 10_000_000,
        "emoji": "😀" * 2_000_000,
    }


async def put(
    session: aiohttp.ClientSession, target: Target, pad: str, data: Any, ending: str
) -> str:
    form = aiohttp.FormData()
    form.add_field("file", data, filename=f"x.{ending}", content_type="application/octet-stream")
    url = f"{target.url}/p/{pad}/import"
    async with session.post(url, data=form) as answer:
        said = await answer.text()
    if answer.status == 500:
        return BREACH + "500"
    try:
        message = json.loads(said).get("message", "")
    except (ValueError, AttributeError):
        message = ""
    return f"{answer.status} {message}".strip()


async def put_in_turn(target: Target, pad: str, data: bytes, ending: str) -> str:
    """Imports a file as `put` does, and waits a little if the client comes too often: this attack
    is not about being turned away."""
    async with http(target) as session:
        said = await put(session, target, pad, data, ending)
    if said.startswith("429"):
        await asyncio.sleep(1)
    return said


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def importing(files: Callable[[], dict[str, str]], ending: str, clients: int = 1) -> Run:
    """Imports all of these files again and again, each into a pad of its own; two at once, as many
    as one client may."""

    async def run(target: Target, tally: Tally) -> None:
        data = [encoded(text) for text in files().values()]

        async def once(number: int) -> str:
            me = target if clients == 1 else target.client(number % clients)
            pad = f"{PAD}-import-{number}"
            return await put_in_turn(me, pad, data[number % len(data)], ending)

        await over_and_over(tally, 2 * clients, once, 0.1)

    return run


async def refused_imports(target: Target, tally: Tally) -> None:
    """Makes a thousand imports that are refused, each by a new browser; nothing of them may
    stay."""
    async with http(target) as session:

        async def once(number: int) -> str:
            headers = {"Cookie": f"token=t.{number:020d}"}
            form = aiohttp.FormData()
            form.add_field("file", b"{", filename="x.etherpad")
            url = f"{target.url}/p/{PAD}-refused-{number}/import"
            async with session.post(url, data=form, headers=headers) as answer:
                return str(answer.status)

        await all_at_once(tally, 1000, once)


async def large_uploads(target: Target, tally: Tally) -> None:
    """Makes thirty uploads of 49 MB at once, which contain only zeros."""
    data = bytes(49_000_000)

    async def once(number: int) -> str:
        async with http(target) as session:
            return await put(session, target, f"{PAD}-upload-{number}", data, "etherpad")

    await over_and_over(tally, 30, once, 0.2)


def form_of(head: bytes) -> bytes:
    return (
        b"POST /p/x/import HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    ) + head


async def odd_forms(target: Target, tally: Tally) -> None:
    part = b"--b\r\nContent-Disposition: form-data; name=x\r\n\r\ny\r\n"
    bodies = (
        part * 100_000 + b"--b--",
        b"--b\r\n" + b"X: y\r\n" * 100_000 + b"\r\n",
        b"--b\r\nContent-Disposition: form-data; name=" + b"x" * 1_000_000,
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="'
        + b"../" * 1000
        + b'x.txt"\r\n\r\nx\r\n--b--',
        b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" * 20_000,
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.txt"\r\n'
        b"Content-Encoding: gzip\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--",
        b"--b" * 300_000,
        b"",
    )

    async def once(number: int) -> str:
        body = bodies[number % len(bodies)]
        async with connection(target) as made:
            await made.send(form_of(b"Content-Length: %d\r\n\r\n" % len(body)) + body)
            status = await made.status()
        return told(status)

    await over_and_over(tally, 4, once, 0.05)


def unread_exports(kind: str, count: int) -> Run:
    async def run(target: Target, tally: Tally) -> None:
        async def once(_: int) -> str:
            async with connection(target, small=True) as made:
                line = f"GET /p/{target.large}/export/{kind} HTTP/1.1\r\nHost: x\r\n\r\n"
                made.stop_reading()
                await made.send(line.encode())
                tally["held open"] += 1
                await forever()
            return ""

        await all_at_once(tally, count, once)

    return run


async def exports(target: Target, tally: Tally) -> None:
    """Asks for exports of all kinds and of all revisions, as fast as they go."""
    paths = (
        f"/p/{target.large}/export/txt",
        f"/p/{target.large}/export/html",
        f"/p/{target.long}/export/etherpad",
        f"/p/{target.long}/7/export/txt",
        f"/p/{target.long}/{'9' * 4000}/export/txt",
        f"/p/{target.long}/-1/export/html",
        "/p/r.00000000000000000000000000000000/export/txt",
        "/p/%00/export/txt",
        f"/p/{target.long}/export/pdf",
    )
    async with http(target) as session:

        async def once(number: int) -> str:
            async with session.get(target.url + paths[number % len(paths)]) as answer:
                await answer.read()
                return told(answer.status)

        await over_and_over(tally, 16, once)


async def unread_documents(target: Target, tally: Tally) -> None:
    await asyncio.gather(
        *(unread_exports(kind, 6)(target, tally) for kind in ("docx", "pdf")),
    )


def attacks() -> list[Attack]:
    return [
        Attack("import: HTML bombs", importing(html, "html"), {"200 ok": 2}, 12, redis_mb=150),
        Attack(
            "import: small .etherpad files that lie",
            importing(lies, "etherpad"),
            {"400 uploadFailed": 5},
            6,
            short=True,
        ),
        Attack(
            "import: large .etherpad files",
            importing(large, "etherpad"),
            {"400 uploadFailed": 4},
            10,
        ),
        Attack(
            "import: text that grows",
            importing(plain, "txt"),
            {"maxFileSize": 1, "200 ok": 1},
            10,
            redis_mb=300,
            peak_mb=250,
        ),
        Attack(
            "import: HTML bombs, of twenty clients",
            importing(html, "html", 20),
            {"200 ok": 5},
            10,
            clients=20,
            redis_mb=300,
            peak_mb=250,
            keys_left=400,
        ),
        Attack(
            "import: docx, odt and Markdown that are bombs",
            odd_documents,
            {"docx: 400": 2, "odt: 400": 2, "md: ": 2},
            15,
            redis_mb=150,
        ),
        # Those before it have used up nearly all that an address may import.
        Attack("import: a thousand that are refused", refused_imports, {"429": 900, "400": 1}, 6),
        Attack(
            "import: thirty uploads of 49 MB at once",
            large_uploads,
            {"400": 1, "429": 20},
            8,
            peak_mb=400,
        ),
        Attack("import: forms that are none", odd_forms, {"400": 5}, 4),
        Attack("unread: twelve exports as HTML", unread_exports("html", 12), {"held open": 12}, 6),
        Attack(
            "unread: forty exports as .etherpad",
            unread_exports("etherpad", 40),
            {"held open": 40},
            6,
        ),
        Attack(
            "unread: exports as docx and pdf, of 3 MB",
            unread_documents,
            {"held open": 12},
            8,
        ),
        Attack("export: as many as go", exports, {"200": 10, "400": 5, "414": 5}, 6),
    ]
