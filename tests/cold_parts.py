"""Makes the parts that tests append to pads in cold stores: histories that branch where a test
wants."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from padfleet.shared.archive.entries import PadHead, Revisions
from padfleet.shared.cold.pads import ColdAppend, ColdState
from padfleet.shared.log.records import Origin, Revision, Snapshot, chain_of


class Written:
    """A pad as it was written, revision by revision; any part of it can be taken."""

    def __init__(self, pad: str = "pad", epoch: int = 1) -> None:
        self.pad = pad
        self.epoch = epoch
        self.revisions: list[Revision] = []
        self.chat = -1

    def type(self, count: int, *, salt: str = "", author: str = "a.0123456789abcdef") -> None:
        """Writes so many more revisions. With another salt, it is another history from here on."""
        pool = {
            "numToAttrib": {"0": ["author", author]},
            "attribToNum": {f"author,{author}": 0},
            "nextNum": 1,
        }
        apool = json.dumps(pool, separators=(",", ":"))
        for rev in range(len(self.revisions), len(self.revisions) + count):
            before = self.revisions[-1] if self.revisions else None
            time = before.time + 150 + rev * 37 % 400 if before is not None else 1_700_000_000_000
            delta = time - before.time if before is not None else 0
            letter = "abcdefghijklmnop qrst uvw"[rev * 7 % 25]
            wire = (
                f'{{"type":"NEW_CHANGES","newRev":{rev},"changeset":"Z:{rev + 1:x}>1={rev:x}*0+1$'
                f'{letter}{salt}","apool":{apool},'
                f'"author":"{author}","currentTime":{time},"timeDelta":{delta}}}'
            ).encode()
            chain = chain_of(before.chain if before is not None else b"", wire)
            origin = Origin("vB6WtQlV45dil1HwfkJO", rev + 1)
            self.revisions.append(Revision(rev, author, time, origin, chain, wire))

    def roll_back(self, count: int) -> None:
        del self.revisions[len(self.revisions) - count :]

    @property
    def head(self) -> int:
        return len(self.revisions) - 1

    def records(self, first: int, last: int) -> list[bytes]:
        return [revision.to_record() for revision in self.revisions[first : last + 1]]

    def snapshot(self, rev: int) -> bytes:
        at = self.revisions[rev]
        return Snapshot(rev, self.epoch, "text\n", "|1+5", [], at.time, at.chain, {}).to_bytes()

    def state(self, more: Mapping[str, bytes] | None = None) -> ColdState:
        newest = self.revisions[-1]
        head = PadHead(
            self.pad,
            self.epoch,
            self.head,
            newest.chain,
            newest.time,
            "a.maker",
            f"r.{self.pad}",
            b'{"lang":"de"}',
            chat=self.chat,
        )
        return ColdState(head, 7, "1 2", {"a.x": 3}, {"a.x": "1 r"}, more or {})

    def part(
        self,
        first: int,
        *,
        messages: Sequence[int] = (),
        saved: Sequence[bytes] | None = None,
        authors: Sequence[str] = (),
        snapshot: int | None = None,
        word: bytes = b"hello",
    ) -> ColdAppend:
        """Returns everything from revision `first` on."""
        if messages:
            self.chat = max(self.chat, *messages)
        return ColdAppend(
            self.state(),
            Revisions(first, self.records(first, self.head)),
            [(f"{number}-1", [b"m", b"%b %d" % (word, number)]) for number in messages],
            saved,
            [(author, [b"name", author.encode()]) for author in authors],
            self.snapshot(snapshot) if snapshot is not None else None,
        )
