"""A pad with everything that documents can contain, and archives as strangers make them."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from padfleet.shared.easysync import AText, AttributePool
from padfleet.shared.rendering.reading import from_html

HEBREW = "שלום עולם"
ARABIC = "مرحبا بالعالم"
CJK = "漢字かな交じり文 한국어"

HTML = (
    "<!DOCTYPE HTML><html><body><h1>Größe</h1>"
    "<strong>bold</strong> <em>italic</em> <u>under</u> <s>struck</s> "
    "<strong><u>both</u></strong><br>"
    "see https://example.org/a?b=1&amp;c=2.<br>two&nbsp; spaces &lt;&amp;<br>"
    '<ol start="3" class="number"><li>three<li>four<ol class="number"><li>inner<li>more</ol>'
    '</li><li>five</ol><ul class="bullet"><li>dot<ul class="bullet"><li>deeper</ul></ul>'
    f"<br>{HEBREW} <strong>hello</strong><br>{ARABIC}<br>{CJK}<br>😀<br><br>end</body></html>"
)

TEXT = (
    "Größe\nbold italic under struck both\nsee https://example.org/a?b=1&c=2.\ntwo  spaces <&\n"
    "\t3. three\n\t4. four\n\t\t4.1. inner\n\t\t4.2. more\n\t5. five\n\t* dot\n\t\t* deeper\n\n"
    f"{HEBREW} hello\n{ARABIC}\n{CJK}\n😀\n\nend\n"
)
"""The pad's export as text."""


def pad() -> tuple[AText, AttributePool]:
    return from_html(HTML, "a.writer")


def archive(**parts: bytes | str) -> bytes:
    """Returns an archive of these parts. In a name, `__` stands for a slash, and the ending `.xml`
    is added."""
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(f"{name.replace('__', '/')}.xml", content)
    return out.getvalue()
