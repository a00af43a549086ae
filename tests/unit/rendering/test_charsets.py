"""Files in the encodings that are about, and those that are no text."""

from __future__ import annotations

import codecs

import pytest

from padfleet.shared.rendering.charsets import NoText, decoded

FRENCH = "Le café était très bon à l'été dernier, déjà vu, garçon. Prix : 10 €\n"
GERMAN = "Grüße aus München, die schöne Straße mit Übergröße\n"
RUSSIAN = "Привет, как дела? Это русский текст для проверки.\n"

JAPANESE = "これは日本語の文章です。\n東京は今日も晴れです。\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (FRENCH, "utf-8"),
        (FRENCH, "utf-8-sig"),
        (FRENCH, "cp1252"),
        (GERMAN, "latin-1"),
        (FRENCH, "utf-16"),
        (FRENCH, "utf-16-le"),
        (FRENCH, "utf-16-be"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "utf-8"),
        ("", "utf-8"),
        ("a", "ascii"),
        ("a", "utf-16-le"),
        ("a\nb", "utf-16-be"),
        (RUSSIAN, "utf-16-le"),
        (RUSSIAN, "utf-16-be"),
        (JAPANESE, "utf-16-le"),
        (JAPANESE, "utf-16-be"),
        ("\U0001f600\n", "utf-16-le"),
        (FRENCH, "utf-32"),
        (FRENCH, "utf-32-le"),
        (FRENCH, "utf-32-be"),
        (JAPANESE, "utf-32-le"),
        ("\U0001f600\n", "utf-32-be"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc-jp"),
        (JAPANESE, "iso2022_jp"),
        ("안녕하세요, 이것은 한국어 텍스트입니다.\n", "euc-kr"),
        ("회의록\n1. 참석자: 김철수, 이영희\n2. 안건: 예산\n", "cp949"),
        ("这是一个中文文本, 用来测试编码。\n", "gb18030"),
        ("這是一個中文文本, 用來測試編碼。\n", "big5"),
        ("Zażółć gęślą jaźń, proszę bardzo.\n", "cp1250"),
        ("Καλημέρα κόσμε, αυτό είναι ένα κείμενο.\n", "cp1253"),
        ("Türkçe metin: şişli, ığdır, çağ.\n", "cp1254"),
        ("שלום עולם, זה טקסט בעברית.\n", "cp1255"),
        ("مرحبا بالعالم، هذا نص عربي.\n", "cp1256"),
        ("escape \x1b$ alone", "ascii"),
    ],
)
def test_a_text_is_decoded_in_the_encoding_it_has(text: str, encoding: str) -> None:
    assert decoded(text.encode(encoding)) == text


def test_a_mark_says_it() -> None:
    assert decoded(codecs.BOM_UTF16_BE + RUSSIAN.encode("utf-16-be")) == RUSSIAN
    assert decoded(codecs.BOM_UTF16_LE + b"a\0") == "a"


def test_a_page_says_it_itself() -> None:
    page = '<html><head><meta charset="{}"></head><body>{}</body></html>'
    for encoding in ("iso-8859-2", "windows-1250"):
        text = page.format(encoding, "Zażółć")
        assert decoded(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PK\x03\x04\x14\0", "ZIP"),
        (b"%PDF-1.7\n\xff", "PDF"),
        (b"\x89PNG\r\n\x1a\n\0", "picture"),
        (codecs.BOM_UTF32_LE + b"a\0\0", "UTF-32-LE, and is damaged"),
        (b"\x7fELG\1\1\1\0" + bytes(range(256)), "zero bytes"),
        (b"\0" * 16, "zero bytes"),
        (codecs.BOM_UTF16_LE + b"a", "UTF-16-LE, and is damaged"),
        (b"\0\1\2\3\xff\xff\xff", "zero bytes"),
        (b"a\0b", "zero bytes"),
    ],
)
def test_what_is_no_text_is_refused_with_what_it_seems_to_be(data: bytes, reason: str) -> None:
    with pytest.raises(NoText, match=reason):
        decoded(data)
