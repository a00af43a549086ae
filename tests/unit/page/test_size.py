"""Tests how many bytes a browser loads for a pad, as phones pay for them."""

from __future__ import annotations

import gzip
import re

import pytest

from padfleet.services.web.page.assets import Assets, read

MOST = 150_000


@pytest.fixture(scope="module")
def built() -> Assets:
    assets = read()
    if assets is None:
        pytest.skip("the page is not built (make setup)")
    return assets


@pytest.mark.parametrize("coding", ["br", "gzip"])
def test_the_page_of_a_pad_is_small(built: Assets, coding: str) -> None:
    """Everything counts that the page names and that its scripts load on their own, in each
    language. Without TLS, browsers accept only gzip."""
    for language, pages in built.pages.items():
        page = pages["pad"]
        named = [
            file
            for name, file in built.names.items()
            if f"{{{{{name}}}}}" in page or f"assets/{file}" in page
        ]
        for file in named:  # which grows
            if file.endswith(".js"):
                parts = re.findall(rb'"\./([\w.-]+\.js)"', built.files[file].content)
                named += [part for part in map(bytes.decode, parts) if part not in named]
        assert any(file.startswith("rest-") for file in named)
        loaded = [built.files[file] for file in dict.fromkeys(named)]
        assert len(loaded) >= 5
        # Pages are packed by the worker as they go out, and that by gzip.
        size = len(gzip.compress(page.encode())) + sum(
            len(asset.packed.get(coding, asset.content)) for asset in loaded
        )
        assert size <= (MOST if coding == "br" else MOST * 1.25), language


def test_no_page_names_a_file_that_there_is_not(built: Assets) -> None:
    for pages in built.pages.values():
        for page in pages.values():
            fields = set(re.findall(r"\{\{([^}]*)\}\}", page))
            assert fields - {"pad", "nonce", "cookie"} <= built.names.keys()
            assert set(re.findall(r"assets/([\w.-]+)", page)) <= built.files.keys()
