"""Tests which language a page has."""

from __future__ import annotations

import pytest

from padfleet.services.web.page.language import accepted, choose, match

OFFERED = ("en", "de", "pt", "he", "zh-Hans", "zh-Hant")


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ("de", "de"),
        ("de-CH", "de"),
        ("DE_at", "de"),
        ("pt-BR", "pt"),
        ("iw-IL", "he"),
        ("zh", "zh-Hans"),
        ("zh-CN", "zh-Hans"),
        ("zh-SG", "zh-Hans"),
        ("zh-TW", "zh-Hant"),
        ("zh-HK", "zh-Hant"),
        ("zh-Hant-HK", "zh-Hant"),
        ("zh-Hans-HK", "zh-Hans"),
        ("fr", None),
        ("", None),
        ("d", None),
        ("dee", None),
        ("*", None),
    ],
)
def test_a_tag_means_what_there_is_of_a_language(tag: str, found: str | None) -> None:
    assert match(tag, OFFERED) == found


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("", []),
        ("de", ["de"]),
        ("en;q=0.3, de-AT ,fr;q=0.9", ["de-AT", "fr", "en"]),
        ("de;q=0, en", ["en"]),
        ("a;q=0.5,b;q=0.5,c;q=0.50", ["a", "b", "c"]),
        ("*;q=0.1, de;q=2, ;;,en;q=x", []),
        ("de," * 100_000, [*["de"] * 333, "d"]),
    ],
)
def test_a_header_is_read_in_the_order_of_its_weights(header: str, tags: list[str]) -> None:
    assert accepted(header) == tags


def test_the_address_is_asked_before_the_choice_and_the_browser() -> None:
    assert choose(["he", "de"], "pt", OFFERED) == "he"
    assert choose([None, "de"], "pt", OFFERED) == "de"
    assert choose(["tlh", ""], "tlh, pt;q=0.5", OFFERED) == "pt"
    assert choose([None], "", OFFERED) == "en"
