"""Documents and Markdown into pads, and pads as documents and PDF, on a fleet."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from pypdf import PdfReader

from padfleet.shared.documents import offered
from tests.fleet import Fleet
from tests.guest import Guest
from tests.integration.api.caller import Caller
from tests.unit.documents.samples import HTML, TEXT


async def test_a_pad_as_documents_and_back(api: Caller) -> None:
    await api.createPad(padID="office")
    await api.setHTML(padID="office", html=HTML)
    assert (await api.export("office", "txt")).decode() == TEXT
    for form in ("docx", "odt"):
        async with api.http.get(f"{api.url}/p/office/export/{form}") as answer:
            assert answer.status == 200
            assert answer.headers["Content-Type"] == offered.TYPES[form]
            assert f"office.{form}" in answer.headers["Content-Disposition"]
            file = await answer.read()
        done = await api.upload(f"from-{form}", f"x.{form}", file)
        assert (done["code"], done["message"]) == (0, "ok"), done
    assert (await api.export("from-odt", "txt")).decode() == TEXT
    text = (await api.export("from-docx", "txt")).decode()
    assert text.splitlines()[-5:] == TEXT.splitlines()[-5:]


@pytest.mark.skipif("pdf" not in offered.written(), reason="there is no Pango")
async def test_a_pad_as_pdf(api: Caller) -> None:
    await api.createPad(padID="printed", text="first revision")
    await api.setHTML(padID="printed", html=HTML)
    for path, part in (("printed/export/pdf", "Größe"), ("printed/0/export/pdf", "first revision")):
        async with api.http.get(f"{api.url}/p/{path}") as answer:
            assert (answer.status, answer.headers["Content-Type"]) == (200, "application/pdf")
            shown = PdfReader(BytesIO(await answer.read())).pages[0].extract_text()
            assert part in shown


async def test_bombs_and_entities_are_refused(api: Caller) -> None:
    bomb, laughs = BytesIO(), BytesIO()
    with ZipFile(bomb, "w", ZIP_DEFLATED) as archive:
        archive.writestr("content.xml", b" " * 200_000_000)
    with ZipFile(laughs, "w", ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", "<!DOCTYPE x [<!ENTITY a 'ha'>]><x>&a;</x>")
    for name, content, why in (
        ("x.odt", bomb.getvalue(), "unpacked it is larger"),
        ("x.docx", laughs.getvalue(), "document type"),
        ("x.doc", b"x", "cannot be imported"),
    ):
        answer = await api.upload("bombed", name, content)
        assert (answer["code"], answer["message"]) == (1, "uploadFailed")
        assert why in answer["data"]["reason"]
    assert "bombed" not in (await api.listAllPads())["padIDs"]
    assert (await api.upload("marked", "x.md", b"*hello*\n"))["message"] == "ok"
    assert await api.getText(padID="marked") == {"text": "hello\n"}


async def test_what_is_not_exported_is_said(api: Caller) -> None:
    await api.createPad(padID="other", text="x")
    async with api.http.get(f"{api.url}/p/other/export/doc") as answer:
        assert answer.status == 404
        assert "txt, html, etherpad, docx, odt" in await answer.text()


async def test_stock_pages_are_told(fleet: Fleet) -> None:
    async with Guest(fleet.urls[0]) as ada:
        await ada.join("told")
        (given,) = [said["data"] for said in ada.messages if said.get("type") == "CLIENT_VARS"]
        assert given["exportAvailable"] == offered.for_stock_pages() != "no"
        assert given["docxExport"] is True
