"""Carries out deeds on single pads, wherever they are."""

from dataclasses import dataclass

from padfleet.shared.cold.pads import ColdPads
from padfleet.shared.cold.removing import remove_cold
from padfleet.shared.deeds.mending import Mended, mend_past
from padfleet.shared.deeds.noting import noted
from padfleet.shared.log.changes import copying
from padfleet.shared.log.changes.edits import Edits, Missing
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.fleet.audit import Doer
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad import moving, pads
from padfleet.shared.log.pad.announcements import SentAway, send_away
from padfleet.shared.log.pad.meta import PadMeta, read_meta
from padfleet.shared.log.pad.reader import is_there, open_reader
from padfleet.shared.log.pad.rewriting import attempted
from padfleet.shared.log.people import groups
from padfleet.shared.log.people.presence import members
from padfleet.shared.log.people.sent_away import KEPT_OUT_S, keep_out


@dataclass(frozen=True, slots=True)
class PadDeeds:
    """The deeds of one doer. Each call raises `Missing` if there is no such pad, what
    `noting.REFUSED` lists if the pad is left as it is, or what `UNREACHABLE` lists; and each is
    recorded in the audit log when it has ended, however it has."""

    redis: Redis
    keyspace: Keyspace
    cold: ColdPads | None
    edits: Edits
    doer: Doer

    async def delete(self, pad: str) -> None:
        """Deletes the pad; the people on it are told. A pad in the cold store is deleted there.
        Raises `Unanswered` and `NotTaken`, too."""
        async with noted(self.redis, self.doer, "delete", pad):
            if self.cold is not None and await remove_cold(
                self.redis, self.keyspace, self.cold, pad
            ):
                return
            await self.edits.delete(pad)
            if (group := groups.group_of(pad)) is not None:
                await groups.remove_pad(self.redis, group, pad)

    async def copy(self, source: str, destination: str, *, replace: bool) -> None:
        """Copies a pad with its whole history; with `replace`, over an existing pad, and otherwise
        it raises `PadExists`."""
        async with noted(self.redis, self.doer, "copy", source, to=destination, replace=replace):
            reader = await open_reader(self.redis, self.keyspace, source)
            if reader is None:
                raise Missing(source)
            await copying.copy_pad(self.redis, self.keyspace, reader, destination, replace=replace)

    async def move(self, source: str, destination: str, *, replace: bool) -> None:
        """Gives a pad another name; the people on it are told that it is gone. Raises `PadExists`,
        and `Overtaken` if people write faster than it can be copied."""
        async with noted(self.redis, self.doer, "move", source, to=destination, replace=replace):
            meta = await self._meta(source)
            await copying.move_pad(
                self.redis, self.keyspace, self.edits, source, destination, meta, replace=replace
            )

    async def mend(self, pad: str) -> Mended | None:
        """Puts one change in the place of revisions that the cold store has lost; the people on the
        pad have to reload it. Returns None if nothing is missing. Raises `WrittenOn` if people
        write faster than that."""
        async with noted(self.redis, self.doer, "mend", pad) as details:
            if (cold := self.cold) is None:
                return None

            async def attempt() -> Mended | None:
                meta = await self._meta(pad)
                return await mend_past(self.redis, self.keyspace, cold, pad, meta)

            mended = await attempted(attempt)
            if mended is not None:
                details.update(mended._asdict())
            return mended

    async def kick(
        self, pad: str, *, author: str = "", session: str = "", keep_out_s: int = KEPT_OUT_S
    ) -> int:
        """Disconnects the sockets of a pad, on all workers: those of one author, of one session, or
        all. Their owners cannot come back for `keep_out_s` seconds. Returns how many sessions were
        on the pad that this concerns."""
        async with noted(self.redis, self.doer, "kick", pad) as details:
            if author:
                details["author"] = author
            if session:
                details["session"] = session
            if not await is_there(self.redis, self.keyspace, pad):
                raise Missing(pad)
            keys = self.keyspace.pad(pad)
            here = [
                member
                for _, member in await members(self.redis, keys)
                if author in ("", member.author) and session in ("", member.session)
            ]
            # This comes first, since a client that is a program is back in the same moment.
            authors = {author} - {""} | {member.author for member in here}
            if keep_out_s and authors:
                details["kept_out_s"] = keep_out_s
                await keep_out(self.redis, pad, authors, keep_out_s)
            await send_away(self.redis, keys, SentAway(author, session))
            details["sessions"] = len(here)
        return len(here)

    async def accept(self, pad: str) -> bool:
        """Accepts what the cold store has of the pad, although it had more when the pad left Redis.
        Returns False if nothing is known of that: the pad can be opened as it is."""
        async with noted(self.redis, self.doer, "accept", pad) as details:
            details["known"] = known = await moving.accept(self.redis, self.keyspace, pad)
            if not known and not await is_there(self.redis, self.keyspace, pad):
                raise Missing(pad)
        return known

    async def accept_all(self) -> int:
        """Does this for all pads that are not in Redis. Returns how many are known."""
        async with noted(self.redis, self.doer, "accept", "*") as details:
            details["pads"] = count = await moving.accept_all(self.redis, self.keyspace)
        return count

    async def read_only_id(self, pad: str) -> str:
        """Returns the id by which the pad can be read but not written, which is created if there is
        none."""
        meta = await self._meta(pad)
        if meta.read_only_id is not None:
            return meta.read_only_id
        async with noted(self.redis, self.doer, "read-only link", pad):
            return await pads.read_only_id(self.redis, self.keyspace.pad(pad), pad)

    async def _meta(self, pad: str) -> PadMeta:
        meta = await read_meta(self.redis, self.keyspace.pad(pad))
        if not meta.exists:
            raise Missing(pad)
        return meta
