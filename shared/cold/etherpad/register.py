"""This module implements `Register`: the people, groups and sessions in the database of an
Etherpad."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from padfleet.shared import bounds
from padfleet.shared.batches import slices
from padfleet.shared.cold.errors import Overwritten, StoreAway
from padfleet.shared.cold.etherpad.changing import Rows
from padfleet.shared.cold.etherpad.note import ascii_json, is_changeable, value_of, values_of
from padfleet.shared.cold.etherpad.table import ATTEMPTS, ROWS, Decide, RowChange, Table, portions
from padfleet.shared.easysync import to_units
from padfleet.shared.etherpad import records as r
from padfleet.shared.log.people.author_records import Author
from padfleet.shared.log.register import RegisteredGroup, RegisteredSession, RegisteredWays
from padfleet.shared.misses import Misses

MOST_SESSIONS = 10_000
"""The maximum number of sessions of one group or author that are looked through."""

UNKNOWN_S = 30.0
"""For how many seconds it is believed that there is no record of an author. A pad may name
thousands of authors whose records are gone, and is opened again and again."""


class EtherpadRegister:
    def __init__(self, table: Table) -> None:
        self._table = table
        self._unknown = Misses(UNKNOWN_S)  #: authors of whom there is no record

    # --- Asked -----------------------------------------------------------------------------------

    async def authors(self, names: Sequence[str]) -> list[Author]:
        found = []
        wanted = [one for one in names if bounds.is_author_id(one) and one not in self._unknown]
        for part in slices(wanted, ROWS):
            for name, record in zip(part, await self._each(map(r.author_key, part)), strict=True):
                author = r.author_of(record, name)
                if author is not None:
                    found.append(author)
                else:
                    self._unknown.add(name)
        return found

    async def author_of_token(self, token: str) -> Author | None:
        return await self._author(f"token2author:{token}")

    async def author_of_mapper(self, mapper: str) -> Author | None:
        return await self._author(f"mapper2author:{mapper}")

    async def _author(self, key: str) -> Author | None:
        name = await self._one(key)
        if not bounds.is_author_id(name):
            return None
        record = await self._one(r.author_key(name))
        return r.author_of(record if record is not None else {}, name)

    async def group_of_mapper(self, mapper: str) -> str | None:
        found = await self._one(f"mapper2group:{mapper}")
        return found if bounds.is_group_id(found) else None

    async def group(self, group: str) -> RegisteredGroup | None:
        raws = await self._table.get([f"group:{group}", f"group2sessions:{group}"])
        found, listed = await values_of(raws)
        if not isinstance(found, dict):
            return None
        pads = [pad for pad in r.names_in(found.get("pads")) if bounds.is_pad_id(pad)]
        mappers = [m for m in r.names_in(found.get("mappings")) if 0 < len(m) <= bounds.MOST_MAPPER]
        return RegisteredGroup(pads, mappers, await self._sessions(listed))

    async def groups(self) -> list[str]:
        return [one for one in r.names_in(await self._one("groups")) if bounds.is_group_id(one)]

    async def session(self, session: str) -> RegisteredSession | None:
        if not bounds.is_session_id(session):
            return None
        return r.session_of(await self._one(f"session:{session}"), session, time.time())

    async def sessions_of_author(self, author: str) -> list[RegisteredSession]:
        return await self._sessions(await self._one(f"author2sessions:{author}"))

    async def _sessions(self, listed: Any) -> list[RegisteredSession]:
        """Returns the valid sessions in the list of a group or an author."""
        ids = r.names_in(_dict(_object(listed), "sessionIDs"))[-MOST_SESSIONS:]
        found = []
        for part in slices([one for one in ids if bounds.is_session_id(one)], ROWS):
            records = await self._each(f"session:{one}" for one in part)
            pairs = zip(part, records, strict=True)
            found += [r.session_of(record, one, time.time()) for one, record in pairs]
        return [session for session in found if session is not None]

    async def _one(self, key: str) -> Any:
        (found,) = await self._each([key])
        return found

    async def _each(self, keys: Iterable[str]) -> list[Any]:
        """Returns the values of these keys, with None for a key that does not exist or is too long
        to exist."""
        wanted = list(keys)
        asked = [key for key in wanted if len(key) <= MOST_KEY]
        found: dict[str, Any] = {}
        async for part, raws in portions(self._table, asked):
            found |= zip(part, await values_of(raws), strict=True)
        return [found.get(key) for key in wanted]

    # --- Told ------------------------------------------------------------------------------------

    async def keep_author(self, author: Author, *, token: str = "", mapper: str = "") -> None:
        self._unknown.forget(author.id)
        made = r.author_record(author, int(time.time() * 1000))
        rows: dict[str, Any] = {r.author_key(author.id): made}
        if token:
            rows[f"token2author:{token}"] = author.id
        if mapper:
            rows[f"mapper2author:{mapper}"] = author.id
        await self._put(rows)

    async def change_author(self, author: Author) -> None:
        """Changes the author's record; the pads listed in it and any other fields stay."""
        key = r.author_key(author.id)

        def decide(rows: Rows) -> RowChange:
            record = value_of(rows[key])
            if not isinstance(record, dict):
                return RowChange({})
            return RowChange({key: ascii_json({**record, **r.shown_of(author)})})

        if len(key) <= MOST_KEY:
            await self._change([key], decide)

    async def forget_author(self, author: str) -> RegisteredWays:
        tokens = await self._take_ways("token2author:", author)
        mappers = await self._take_ways("mapper2author:", author)
        await self.change_author(Author(author, None, 0))
        return RegisteredWays(tokens, mappers)

    async def _take_ways(self, start: str, author: str) -> list[str]:
        """Removes the keys that begin with `start` and lead to the author. Returns the rest of each
        key."""
        keys = await self._table.keys_with(start, ascii_json(author))
        await self._change([], lambda _: RowChange(dict.fromkeys(keys)))
        return [key.removeprefix(start) for key in keys]

    async def keep_group(self, group: str, *, mapper: str = "") -> None:
        key = f"group:{group}"

        def decide(rows: Rows) -> RowChange:
            value = _object(value_of(rows[key])) or {"pads": {}, "mappings": {}}
            if mapper:
                value = {**value, "mappings": {**_dict(value, "mappings"), to_units(mapper): 1}}
            groups = {**_object(value_of(rows["groups"])), group: 1}
            return _of_changeable(rows, {key: ascii_json(value), "groups": ascii_json(groups)})

        await self._change([key, "groups"], decide)
        if mapper:
            await self._put({f"mapper2group:{mapper}": group}, over=True)

    async def keep_session(self, session: RegisteredSession) -> None:
        name, group, author, until = session
        record = {"groupID": group, "authorID": author, "validUntil": until}
        await self._put({f"session:{name}": record}, over=True)
        await self._list(session, listed=True)

    async def drop_session(self, session: RegisteredSession) -> None:
        await self._list(session, listed=False)
        await self._change([], lambda _: RowChange({f"session:{session.session}": None}))

    async def drop_group(self, group: str) -> None:
        found = await self.group(group)
        keys = [f"group:{group}", f"group2sessions:{group}"]
        named = [f"mapper2group:{mapper}" for mapper in found.mappers] if found else []

        def decide(rows: Rows) -> RowChange:
            groups = _object(value_of(rows["groups"]))
            groups.pop(group, None)
            gone = [*keys, *(key for key in named if value_of(rows[key]) == group)]
            changed = _of_changeable(rows, {"groups": ascii_json(groups)})
            return RowChange({**dict.fromkeys(gone), **changed.rows})

        await self._change(["groups", *named], decide)

    async def _list(self, session: RegisteredSession, *, listed: bool) -> None:
        keys = [f"group2sessions:{session.group}", f"author2sessions:{session.author}"]

        def decide(rows: Rows) -> RowChange:
            changes: dict[str, str | None] = {}
            for key in keys:
                value = _object(value_of(rows[key]))
                ids = dict(_dict(value, "sessionIDs"))
                if listed:
                    ids[session.session] = 1
                else:
                    ids.pop(session.session, None)
                changes[key] = ascii_json({**value, "sessionIDs": ids})
            return _of_changeable(rows, changes)

        await self._change(keys, decide)

    async def _change(self, keys: Sequence[str], decide: Decide) -> None:
        """Makes the change, and repeats it once if another process has created one of the rows in
        the same moment."""
        for _ in range(ATTEMPTS):
            try:
                return await self._table.change(keys, decide)
            except Overwritten:
                continue
        raise StoreAway("others keep writing the same records")

    async def _put(self, values: Mapping[str, Any], *, over: bool = False) -> None:
        """Writes these values. Existing rows stay unless they are to be written `over`. Names that
        are too long for the table cannot be an Etherpad's, and are skipped."""
        keys = [key for key in values if len(key) <= MOST_KEY]

        def decide(rows: Rows) -> RowChange:
            missing = [key for key in keys if over or rows[key] is None]
            return RowChange({key: ascii_json(values[key]) for key in missing})

        await self._change(keys, decide)


MOST_KEY = 100
"""The maximum number of characters in a key of the table that Etherpad creates."""


def _of_changeable(rows: Rows, changes: Mapping[str, str | None]) -> RowChange:
    """Returns those of the changes whose rows may be changed."""
    return RowChange({key: value for key, value in changes.items() if is_changeable(rows[key])})


def _object(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


def _dict(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}
