"""Bodies that come packed: step by step, and only by who wants one."""

from __future__ import annotations

import gzip
import random
import zlib
from collections.abc import Iterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from padfleet.services.web.api.receiving import Uploads
from padfleet.services.web.api.unpacking import (
    STEP,
    NotPacked,
    UnknownCoding,
    Unpacker,
    is_packed,
)
from padfleet.shared.payers import Payer
from padfleet.shared.serving import Runner

TEXT = bytes(random.Random(7).choices(range(97, 123), k=3 * STEP + 5))


def raw(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def unpacked(coding: str, *pieces: bytes) -> Iterator[bytes]:
    unpacker = Unpacker(coding)
    for piece in pieces:
        yield from unpacker.steps(piece)
    unpacker.end()


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(TEXT)),
        (" X-GZip ", gzip.compress(TEXT)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw(TEXT)),
    ],
)
@pytest.mark.parametrize("size", [1, 1000, 1 << 20])
def test_what_was_packed_comes_out_in_small_pieces(coding: str, packed: bytes, size: int) -> None:
    pieces = [packed[at : at + size] for at in range(0, len(packed), size)]
    found = list(unpacked(coding, *pieces))
    assert b"".join(found) == TEXT
    assert max(map(len, found)) <= STEP


@pytest.mark.parametrize("at_once", [STEP // 2, 1 << 20])
def test_a_bomb_is_inflated_in_steps_at_which_the_reader_can_stop(at_once: int) -> None:
    bomb = gzip.compress(bytes(100 * STEP), 9)
    assert len(bomb) < STEP
    steps = unpacked("gzip", *(bomb[at : at + at_once] for at in range(0, len(bomb), at_once)))
    assert [len(next(steps)) for _ in range(5)] == [STEP] * 5


@pytest.mark.parametrize(
    ("coding", "pieces"),
    [
        ("gzip", (b"not packed at all",)),
        ("deflate", (b"\x07" * 1000,)),
        ("gzip", (gzip.compress(TEXT)[:-1],)),
        ("gzip", (gzip.compress(TEXT) + b"x",)),
        ("gzip", (gzip.compress(b"a"), gzip.compress(b"b"))),
        ("gzip", ()),
    ],
)
def test_what_is_not_packed_as_it_says_is_refused(coding: str, pieces: tuple[bytes, ...]) -> None:
    with pytest.raises(NotPacked):
        list(unpacked(coding, *pieces))


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, gzip", "x" * 5000])
def test_a_coding_that_is_not_read_is_named_shortly(coding: str) -> None:
    assert is_packed(coding)
    with pytest.raises(UnknownCoding) as found:
        Unpacker(coding)
    assert "gzip, deflate" in str(found.value)
    assert len(str(found.value)) < 200


@pytest.mark.parametrize("coding", ["", "identity", " Identity "])
def test_a_body_as_it_is_needs_no_unpacking(coding: str) -> None:
    assert not is_packed(coding)


async def test_room_for_a_packed_body_is_for_what_it_may_become() -> None:
    headers = {"Content-Length": "100", "Content-Encoding": "gzip"}
    request = make_mocked_request("POST", "/", headers=headers)
    async with Uploads(1000).room(request, Payer("a")) as room:
        assert room.size == 1000


async def test_no_server_of_ours_unpacks_a_body_that_nobody_asked_to_be_unpacked() -> None:
    """That is so for each path, and whether or not anybody reads the body. aiohttp would do it in
    the loop."""
    came: list[bytes] = []

    async def take(request: web.Request) -> web.Response:
        came.append(await request.read())
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    runner = Runner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        bodies = {"gzip": gzip.compress(TEXT), "deflate": zlib.compress(TEXT), "br": b"x"}
        async with aiohttp.ClientSession() as http:
            for coding, body in bodies.items():
                headers = {"Content-Encoding": coding}
                async with http.post(f"http://{host}:{port}/", data=body, headers=headers) as said:
                    assert said.status == 200
        assert came == list(bodies.values())
    finally:
        await runner.cleanup()
