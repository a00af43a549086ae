"""Tests that no damage to an archive goes unnoticed."""

from __future__ import annotations

import os
import zlib
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.shared.archive.counting import has_more_values
from padfleet.shared.archive.entries import (
    ArchivedChat,
    ArchivedSaved,
    ArchivedTokens,
    ArchiveEnd,
    Authors,
    Entry,
    PadDone,
    PadHead,
    PadVoid,
    Revisions,
    from_value,
    to_value,
)
from padfleet.shared.archive.folder import backups_in
from padfleet.shared.archive.frames import (
    LONGEST,
    MAGIC,
    SEAL_BYTES,
    BadArchive,
    FrameWriter,
    read_frames,
)
from padfleet.shared.archive.reading import check_archive, first_pad, read_archive
from padfleet.shared.archive.writing import NotWritten, new_archive
from padfleet.shared.log.records import pack, unpack
from tests.unit.archive.archives import archive, pad, revisions, whole


def read(data: bytes) -> list[Entry]:
    return list(read_archive(BytesIO(data)))


def framed(entries: list[Entry]) -> bytes:
    """Returns an archive of these entries whose seals are right."""
    file = BytesIO()
    frames = FrameWriter(file)
    for entry in entries:
        frames.write(to_value(entry))
    return file.getvalue()


def test_what_is_written_is_read() -> None:
    entries = read(archive(whole()))
    assert [type(entry) for entry in entries] == [*map(type, whole()), ArchiveEnd]
    head, part = entries[0], entries[1]
    assert isinstance(head, PadHead)
    assert isinstance(part, Revisions)
    assert head == whole()[0]
    assert part.revisions() == revisions(4)[:2]


def test_every_truncation_is_noticed() -> None:
    data = archive(whole())
    for length in range(len(data)):
        with pytest.raises(BadArchive):
            read(data[:length])


def test_every_flipped_bit_is_noticed() -> None:
    data = archive(whole())
    for at in range(len(data)):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[at] ^= 1 << bit
            with pytest.raises(BadArchive):
                read(bytes(damaged))


@given(st.binary(min_size=1))
def test_what_is_added_behind_is_noticed(more: bytes) -> None:
    with pytest.raises(BadArchive):
        read(archive(whole()) + more)


def test_frames_cannot_be_swapped_left_out_or_taken_twice() -> None:
    data = archive(whole())
    ends = [len(MAGIC)]
    while ends[-1] < len(data):
        at = ends[-1] + SEAL_BYTES
        ends.append(at + 4 + int.from_bytes(data[at : at + 4], "big"))
    frames = [data[start:end] for start, end in pairwise(ends)]
    for number, frame in enumerate(frames[:-1]):
        others = [*frames[:number], *frames[number + 1 :]]
        for changed in (
            others,
            [*frames[:number], frames[number + 1], frame, *frames[number + 2 :]],
            [*frames[: number + 1], frame, *frames[number + 1 :]],
        ):
            with pytest.raises(BadArchive):
                read(MAGIC + b"".join(changed))


def test_a_length_that_is_damage_asks_for_no_memory() -> None:
    class Greedy(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            assert size <= LONGEST
            return super().read(size)

    data = bytearray(archive(whole()))
    at = len(MAGIC) + SEAL_BYTES
    data[at : at + 4] = b"\xff\xff\xff\xff"
    with pytest.raises(BadArchive, match="damaged or cut off at byte"):
        list(read_frames(Greedy(bytes(data))))


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.sampled_from([b"x" * 300, b"x" * 70_000, "y" * 40, "y" * 300, "y" * 70_000]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(), inner)
        | st.lists(inner, min_size=17, max_size=20)
    ),
)


def counted(value: object) -> int:
    match value:
        case list():
            return 1 + sum(map(counted, value))
        case dict():
            return 1 + sum(counted(key) + counted(each) for key, each in value.items())
    return 1


@given(VALUES)
def test_values_are_counted_as_they_are_read(value: object) -> None:
    data, there = pack(value), counted(value)
    assert not has_more_values(data, there)
    assert has_more_values(data, there - 1)
    assert not has_more_values(pack([0] * 70_000), 70_001)
    extended = msgpack.packb([msgpack.ExtType(5, b"x" * size) for size in (1, 2, 3, 4, 8, 16, 300)])
    assert not has_more_values(extended, 8)
    assert has_more_values(extended, 7)


def test_what_would_become_a_thousand_times_as_large_is_not_unpacked() -> None:
    file = BytesIO()
    many = b"\xdd" + (LONGEST // 8).to_bytes(4, "big") + b"\x80" * (LONGEST // 8)
    FrameWriter(file).write_payload(zlib.compress(many))
    assert len(file.getvalue()) < LONGEST // 1_000
    with pytest.raises(BadArchive, match="has more than 2000000 values"):
        read(file.getvalue())


def test_lists_that_are_nested_too_deeply_are_named_so() -> None:
    file = BytesIO()
    FrameWriter(file).write_payload(zlib.compress(b"\x91" * 100_000))
    with pytest.raises(BadArchive, match="nested too deeply"):
        read(file.getvalue())


def test_a_pipe_among_backups_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.padfleet")
    (tmp_path / "gone.padfleet").symlink_to("nowhere")
    (tmp_path / "one.padfleet").write_bytes(b"")
    files = backups_in(tmp_path)
    assert files is not None
    assert [file.name for file in files] == ["gone.padfleet", "one.padfleet"]


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ([ArchiveEnd(1)], "holds 0 pads, not 1"),
        ([*pad("a", 2)[:-1], ArchiveEnd(0)], "pad 'a' has no end"),
        ([*pad("a", 2)[:-1], ArchivedTokens([])], "pad 'a' has no end"),
        ([*pad("a", 2)[:-1], *pad("b", 2), ArchiveEnd(1)], "pad 'a' has no end"),
        ([PadDone()], "outside any pad"),
        ([*pad("a\ud83d", 2), ArchiveEnd(1)], "begins without a name"),
        ([pad("a", 4)[0], pad("a", 4)[1], PadDone(), ArchiveEnd(1)], "ends at 1, not 3"),
        ([pad("a", 4)[0], pad("a", 4)[2], PadDone(), ArchiveEnd(1)], "lacks revision 0"),
        ([ArchiveEnd(0), ArchiveEnd(0)], "more after its end"),
    ],
)
def test_what_makes_no_whole_pads_is_refused(entries: list[Entry], why: str) -> None:
    with pytest.raises(BadArchive, match=why):
        read(framed(entries))


def test_another_history_under_right_seals_is_refused() -> None:
    head, part, *rest = pad("a", 4)
    assert isinstance(part, Revisions)
    other = part.revisions()[1]._replace(wire=b'{"newRev":"another"}')
    changed = Revisions(0, [part.records[0], other.to_record()])
    with pytest.raises(BadArchive, match="the chain breaks at revision 1"):
        read(framed([head, changed, *rest, ArchiveEnd(1)]))


def test_a_void_pad_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(archive([*pad("a", 4)[:2], PadVoid(), *pad("b", 2)]))
    assert [head.pad for head in check_archive(path)] == ["b"]


def test_other_files_and_other_versions_are_told_apart() -> None:
    with pytest.raises(BadArchive, match="not an archive"):
        read(b"PK\x03\x04 some zip file, and a long one")
    with pytest.raises(BadArchive, match="another version"):
        read(archive(whole()).replace(b"archive 1\n", b"archive 2\n"))


def test_a_file_has_its_name_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"the old one")

    def write(fault: Exception | None) -> None:
        with new_archive(path) as writer:
            for entry in pad("a", 4):
                writer.write(entry)
            if fault is not None:
                raise fault

    with pytest.raises(KeyError):
        write(KeyError())
    assert path.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [path]
    write(None)
    assert list(tmp_path.iterdir()) == [path]
    assert [head.pad for head in check_archive(path)] == ["a"]
    assert path.stat().st_mode & 0o077 == 0, "others may read it"
    assert first_pad(path) == pad("a", 4)[0]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotWritten, match="nowhere"), new_archive(tmp_path / "nowhere" / "file"):
        pass


ODD: list[Any] = [None, True, 5, -1, 1 << 63, 1.5, "", "\ud800", b"", b"\xff", [], [1], {}, [[]]]


def _odd_entries() -> list[Entry]:
    """Returns each kind of entry with each of its fields in turn replaced by something else."""
    kinds = [*pad("first", 4)[:-1], ArchivedTokens([("00ff", "a.x")])]
    found: list[Entry] = []
    for entry in kinds:
        for field, right in zip(entry._fields, entry, strict=True):
            odd = [*ODD, *([one] for one in ODD), *([("a.x", one)] for one in ODD)]
            odd += [[("a.x", [b"m", one])] for one in ODD]
            found += [entry._replace(**{field: one}) for one in odd if one != right]
    return found


def test_an_entry_with_fields_of_a_wrong_type_is_refused_or_can_be_used() -> None:
    """The seals of a file that somebody has made are right, whatever is in it. Restoring one ended
    with a traceback."""
    refused = 0
    for entry in _odd_entries():
        try:
            found = from_value(unpack(pack(to_value(entry))))
        except ValueError:
            refused += 1
            continue
        match found:
            case ArchivedChat(named) | Authors(named):
                assert all(type(one) is bytes for _, flat in named for one in flat)
            case Revisions(_, data) | ArchivedSaved(data):
                assert all(type(one) is bytes for one in data)
            case PadHead():
                assert type(found.deletion) is type(found.settings) is bytes
                assert type(found.epoch) is int
    assert refused > 300
