"""Revisions made up for tests of what does not look into them."""

from shared.log.records import Origin, Revision


def revision(rev: int, session: str | None = None, author: str = "a.other") -> Revision:
    origin = Origin(session, 1) if session else None
    wire = b'{"newRev":%d,"changeset":"Z:1>0$","apool":{}}' % rev
    return Revision(rev, author, 1000 + rev, origin, b"", wire)


def revisions(*revs: int) -> list[Revision]:
    return [revision(rev) for rev in revs]
