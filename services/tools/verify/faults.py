"""Describes what can be wrong with a pad."""

from typing import NamedTuple


class StoredFault(NamedTuple):
    pad: str
    first: int  #: the first revision concerned; -1 if the fault is not one of revisions
    last: int
    what: str

    def __str__(self) -> str:
        if self.first < 0:
            return f"{self.pad}: {self.what}"
        revs = str(self.first) if self.first == self.last else f"{self.first} to {self.last}"
        return f"{self.pad}: revision {revs}: {self.what}"
