"""Decides whether a pad has changed since its backup was made."""

from contextlib import suppress
from pathlib import Path

from padfleet.shared.archive.frames import BadArchive
from padfleet.shared.archive.reading import first_pad
from padfleet.shared.archive.taking import head_of
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.reader import open_reader


async def already_there(redis: Redis, keyspace: Keyspace, pad_id: str, path: Path) -> bool:
    """Returns whether the file holds the pad as it is now. With this, a run that was interrupted
    can be continued, and the next run costs only what has changed. It does not check that the file
    is complete: a file gets its name only when it is, and `padfleet verify --backup` checks the
    rest."""
    with suppress(BadArchive, FileNotFoundError, CorruptPad):
        kept = first_pad(path)
        reader = await open_reader(redis, keyspace, pad_id)
        return reader is not None and kept == await head_of(reader)
    return False
