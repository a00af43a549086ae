"""Tests what is said of sources that cannot be one."""

from __future__ import annotations

from pathlib import Path

import pytest

from padfleet.services.tools.importing.__main__ import main
from padfleet.services.tools.importing.sources import BadSource, open_source
from padfleet.shared.etherpad.source import SourceFailed
from padfleet.shared.etherpad.web import ApiCredentials


@pytest.mark.parametrize(
    "url",
    [
        "http://u:s3cret@[::1/",
        "http://u:s3cret@127.0.0.1:99999/",
        "https://",
        "redis://:s3cret@127.0.0.1:99999/0",
        "rediss://:s3cret@127.0.0.1:port/0",
        "postgresql://u:s3cret@[::1/db",
        "postgresql://u:s3cret@127.0.0.1:99999/db",
        "mysql://u:s3cret@127.0.0.1:port/db",
        "couchdb://u:s3cret@127.0.0.1:99999/db",
        "mongodb://u:s3cret@127.0.0.1:99999/db",
    ],
)
async def test_an_address_that_nothing_can_have_is_refused_and_named_without_its_password(
    url: str,
) -> None:
    with pytest.raises((SourceFailed, BadSource)) as refused:
        async with open_source(url, ApiCredentials(key="a key")):
            pass
    shown = url.replace("s3cret", "***")
    assert str(refused.value).startswith(shown)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{}", "there is no pad in it"),
        (b"\xff\xfe", "the file is not UTF-8"),
        (b"[]", "the file is not a JSON object"),
    ],
)
def test_a_file_without_a_pad_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, why: str
) -> None:
    file = tmp_path / "pad.etherpad"
    file.write_bytes(content)
    words = [str(file), "--dry-run", "--redis-url", "redis://127.0.0.1:1/0"]  # it is not asked
    assert main(words) == 2
    assert f"padfleet import: {file}: {why}" in capsys.readouterr().err
