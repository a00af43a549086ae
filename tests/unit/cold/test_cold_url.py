"""Tests the URLs of cold stores, and the messages about invalid ones."""

from __future__ import annotations

import re

import pytest

from padfleet.shared.cold.stores.opening import ColdUrl, parse_cold_url
from padfleet.shared.settings.cold_url import agreed_name, url_for_tools


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("file:///var/lib/padfleet/cold", ColdUrl("file", path="/var/lib/padfleet/cold")),
        ("file:///a%20b/", ColdUrl("file", path="/a b")),
        ("file://localhost/a", ColdUrl("file", path="/a")),
        ("s3://pads", ColdUrl("s3", "pads")),
        ("s3://pads/", ColdUrl("s3", "pads")),
        ("s3://pads/of/ours/", ColdUrl("s3", "pads", "/of/ours")),
        (
            "s3://pads/x?endpoint=https://s3.example.org:9000&region=eu",
            ColdUrl(
                "s3", "pads", "/x", (("endpoint", "https://s3.example.org:9000"), ("region", "eu"))
            ),
        ),
        ("gs://pads/x", ColdUrl("gs", "pads", "/x")),
        ("az://pads/x?account=ours", ColdUrl("az", "pads", "/x", (("account", "ours"),))),
    ],
)
def test_a_place_is_read(text: str, meant: ColdUrl) -> None:
    assert parse_cold_url(text) == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "begins with file://, s3://, gs://, az://"),
        ("/var/lib/padfleet/cold", "begins with file://"),
        ("ftp://host/cold", "begins with file://"),
        ("file://cold", "from the root on"),
        ("file://cold/here", "from the root on"),
        ("file:///", "from the root on"),
        ("file:///a?b=c", "has no option 'b'"),
        ("s3://", "no bucket"),
        ("s3:///prefix", "no bucket"),
        ("s3://a b/", "no bucket"),
        ("s3://key:hush@bucket/x", "holds credentials"),
        ("s3://bucket/a//b", "empty part"),
        ("s3://bucket/../b", "dots"),
        ("s3://bucket/x?endpiont=https://a", "those that there are: endpoint, region"),
        ("s3://bucket/x?endpoint=s3.example.org", "endpoint is not an address"),
        ("s3://bucket/x?endpoint=https://key:hush@s3.example.org", "endpoint is not an address"),
        ("s3://bucket/x?virtual_hosted=perhaps", "true or false"),
        ("s3://bucket/x?region=a&region=b", "twice"),
        ("gs://bucket/x?region=a", "those that there are: endpoint"),
    ],
)
def test_what_names_no_place_is_refused_with_a_reason(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)) as refused:
        parse_cold_url(text)
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("", ""),
        ("none", None),
        ("file:///var/cold/", "file:///var/cold"),
        ("s3://bucket/x?endpoint=http://h", "s3://bucket/x?endpoint=http://h"),
        ("mysql://etherpad:hunter2@h/pads", "mysql://etherpad:***@h/pads"),
    ],
)
def test_a_fleet_knows_its_store_by_a_name_without_a_password(url: str, name: str | None) -> None:
    assert agreed_name(url) == name


def test_a_tool_uses_what_it_is_given_and_else_what_the_fleet_has() -> None:
    assert url_for_tools("", "") == ""
    assert url_for_tools("", "file:///a") == "file:///a"
    assert url_for_tools("file:///b", "file:///a") == "file:///b"
    assert url_for_tools("none", "file:///a") == ""
    assert url_for_tools("mysql://u:p@h/d", "mysql://u:***@h/d") == "mysql://u:p@h/d"
    with pytest.raises(ValueError, match="set PADFLEET_COLD_URL"):
        url_for_tools("", "mysql://u:***@h/d")
