"""What can be wrong with a pad."""

from typing import NamedTuple


class StoredFault(NamedTuple):
    pad: str
    first: int  #: revision; -1: not of a revision
    last: int
    what: str

    def __str__(self) -> str:
        if self.first < 0:
            return f"{self.pad}: {self.what}"
        revs = str(self.first) if self.first == self.last else f"{self.first} to {self.last}"
        return f"{self.pad}: revision {revs}: {self.what}"
