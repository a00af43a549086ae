"""Tests finding the records of an .etherpad file without reading all of it at once."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.shared.etherpad import jsonfile
from padfleet.shared.etherpad.jsonfile import open_etherpad_file
from padfleet.shared.etherpad.records import BadRecord, Unreadable, head_of
from padfleet.shared.etherpad.source import pad_ids

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab:", max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


async def read(data: bytes, monkeypatch: pytest.MonkeyPatch, chunk: int) -> dict[str, Any]:
    monkeypatch.setattr(jsonfile, "CHUNK", chunk)
    records = await open_etherpad_file(io.BytesIO(data))
    keys = [key async for key in records.keys("")]
    return dict(zip(keys, await records.get(keys), strict=True))


def plain(value: Any) -> Any:
    """Returns the value with its surrogate pairs joined to characters, for comparisons."""
    return json.loads(json.dumps(value).encode("utf-16", "surrogatepass").decode("utf-16"))


@given(
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), json_values),
    st.integers(1, 40),
    st.sampled_from([None, 2]),
)
async def test_every_record_is_found_however_the_file_comes(
    records: dict[str, Any], chunk: int, indent: int | None
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for ascii_only in (True, False):
            data = json.dumps(records, indent=indent, ensure_ascii=ascii_only).encode()
            found = await read(data, patch, chunk)
            assert json.dumps(plain(found)) == json.dumps(records)


async def test_half_a_pair_survives(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await read(b'{"a":"\\ud83d"}', monkeypatch, 3) == {"a": "\ud83d"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"  ",
        b"[]",
        b'"x"',
        b"{",
        b'{"a"',
        b'{"a":',
        b'{"a":1',
        b'{"a":1,',
        b'{"a":1,}',
        b'{"a" 1}',
        b'{"a":1 "b":2}',
        b'{"a":1}}',
        b'{"a":1}{"b":2}',
        b"{1:2}",
        b'{"a":nonsense}',
        b'{"a":"\xff"}',
        b"PK\x03\x04",
    ],
)
@pytest.mark.parametrize("chunk", [1, 1000])
async def test_something_that_is_not_an_etherpad_file(
    data: bytes, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadRecord):
        await read(data, monkeypatch, chunk)


async def test_a_value_that_is_no_json_of_ours_is_told_by_its_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = await read(b'{"pad:x":NaN,"pad:y":1}', monkeypatch, 100)
    assert found == {"pad:x": Unreadable("NaN is not JSON"), "pad:y": 1}
    with pytest.raises(BadRecord, match=r"^pad:x: NaN"):
        head_of(found["pad:x"], "pad:x")


async def test_which_pads_there_are() -> None:
    keys = ["pad:b", "pad:a", "pad:a:revs:0", "pad:a:chat:0", "pad:a:deletionToken"]
    keys += ["globalAuthor:a.x", "pad2readonly:c"]
    data = json.dumps(dict.fromkeys(keys, 1)).encode()
    assert await pad_ids(await open_etherpad_file(io.BytesIO(data))) == ["a", "b"]
