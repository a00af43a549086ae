"""Reads and writes sealed frames: a file in which any change or truncation is detected on reading.

    frame = seal, length, payload
    seal  = blake2b(seal before, length, payload), 16 bytes; before the first one: of the magic line

Each seal covers all that precedes it, so frames cannot be lost, swapped or taken from another file
either. This protects against accidents: anybody who can forge a file can forge its seals.
"""

import zlib
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, BinaryIO, NamedTuple

from padfleet.shared.archive.counting import has_more_values
from padfleet.shared.log.records import pack, unpack

MAGIC = b"padfleet archive 1\n"
"""The first line; the number is that of the format."""

SEAL_BYTES = 16
LENGTH_BYTES = 4

LONGEST = 1 << 28
"""The most bytes of a payload, compressed or not. Revisions take a megabyte at the very most; a
larger length is damage, and must not make us allocate that much memory."""

MOST_VALUES = 2_000_000
"""The most values in a frame. A pad with a hundred thousand authors has a million in one."""

_UNCOUNTED = 1 << 22
"""The values in a frame of no more bytes than this are not counted. They take 300 MB at most."""


class BadArchive(Exception):
    """The file is incomplete, or is not an archive. The text says what is wrong and where."""


class FrameWriter:
    """Appends frames to a file."""

    def __init__(self, file: BinaryIO, magic: bytes = MAGIC) -> None:
        self._file = file
        self.seal = _seal(b"", magic)  #: of all that has been written
        file.write(magic)

    def write(self, value: Any) -> None:
        self.write_payload(deflated(value))

    def write_payload(self, payload: bytes) -> None:
        """Appends what `deflated` has made."""
        body = len(payload).to_bytes(LENGTH_BYTES, "big") + payload
        self.seal = _seal(self.seal, body)
        self._file.write(self.seal + body)


class FramePayload(NamedTuple):
    """A frame whose seal is correct, not decoded yet."""

    payload: bytes
    seal: bytes  #: of all up to here
    end: int  #: where it ends, in bytes from the start


def read_frames(file: BinaryIO) -> Iterator[Any]:
    """Yields the value of each frame up to the end of the file. Raises `BadArchive`.

    A file that ends between two frames looks complete here, which is why archives have a last
    entry.
    """
    for payload, _, end in read_payloads(file):
        yield inflated(payload, end)


def read_payloads(file: BinaryIO, magic: bytes = MAGIC) -> Iterator[FramePayload]:
    """Yields the frames up to the end of the file, for callers that need not decode all of them.
    `magic` is a line that ends in the format's number of one digit. Raises `BadArchive`."""
    line = file.read(len(magic))
    if line != magic:
        version = line.removeprefix(magic[:-2])
        if len(version) < len(line):
            raise BadArchive(f"written by another version of padfleet: format {version[:1]!r}")
        raise BadArchive(
            "not an archive made by padfleet backup"
            if magic == MAGIC
            else f"does not begin with {magic[:-3].decode()!r}"
        )
    seal, at = _seal(b"", magic), len(magic)
    while head := file.read(SEAL_BYTES + LENGTH_BYTES):
        length = int.from_bytes(head[SEAL_BYTES:], "big")
        payload = file.read(length) if length <= LONGEST else b""
        body = head[SEAL_BYTES:] + payload
        if len(payload) != length or _seal(seal, body) != head[:SEAL_BYTES]:
            raise BadArchive(f"damaged or cut off at byte {at}")
        seal, at = head[:SEAL_BYTES], at + SEAL_BYTES + len(body)
        yield FramePayload(payload, seal, at)


def deflated(value: Any) -> bytes:
    """Returns what a frame holds for this value. (zstd would make it a tenth smaller in a fifth of
    the time, but this is a hundredth of a backup's work, and Python has zstd only since 3.14.)"""
    return zlib.compress(pack(value), 6)


def inflated(payload: bytes, at: int) -> Any:
    """Returns the value in a frame that ends at this byte. Raises `BadArchive`."""
    # The seal is correct, so these are faults of the writer; but a decompression bomb remains one.
    try:
        inflater = zlib.decompressobj()
        data = inflater.decompress(payload, LONGEST)
        if not inflater.eof:
            raise BadArchive(f"the frame that ends at byte {at} is too large")
        if len(data) > _UNCOUNTED and has_more_values(data, MOST_VALUES):
            raise BadArchive(f"the frame that ends at byte {at} has more than {MOST_VALUES} values")
        return unpack(data)
    except (zlib.error, ValueError) as error:
        why = str(error) or "its lists are nested too deeply"
        raise BadArchive(f"the frame that ends at byte {at} cannot be read: {why}") from error


def _seal(before: bytes, body: bytes) -> bytes:
    return blake2b(before + body, digest_size=SEAL_BYTES).digest()
