"""Runs the command `padfleet pads`: one function for each of its verbs."""

import argparse
import json
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

from padfleet.services.tools.pads.arguments import parser
from padfleet.services.tools.pads.printed import as_json, described, line
from padfleet.shared.bounds import is_new_pad_id
from padfleet.shared.cold.listing import PadFacts, UnreadablePad, Wanted, facts_of, listed
from padfleet.shared.cold.opening import cold_of
from padfleet.shared.cold.pads import ColdPads
from padfleet.shared.deeds.noting import this_command
from padfleet.shared.deeds.pads import PadDeeds
from padfleet.shared.log.changes.edits import (
    EditRefusal,
    Missing,
    Overtaken,
    Unanswered,
    open_edits,
)
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.inboxes.entry_lane import NotTaken
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.staging import PadExists, ServerMoved, WrittenOn
from padfleet.shared.log.people import groups
from padfleet.shared.log.people.presence import members
from padfleet.shared.settings import RedisProcessSettings
from padfleet.shared.tool import FAILED, fleet_of, run_tool, shown

TIMEOUT = 10.0
"""How many seconds a writer may take to delete a pad."""

UNDONE = (EditRefusal, NotTaken, Unanswered, TimeoutError)
"""The errors that mean that a pad was not deleted."""


def main(argv: Sequence[str]) -> int:
    """Lists pads, or does something with some. Returns 0 when everything was done, 1 when something
    was not, and 2 when nothing was begun."""
    options = parser()
    given = options.parse_args(argv)
    new_name = getattr(given, "new_name", None)
    if new_name is not None and not is_new_pad_id(new_name):
        options.error(f"{new_name!r} is not a valid pad name: nobody could open it")
    if given.verb == "accept" and bool(given.pads) == given.all:
        options.error("accept takes the names of pads, or --all")
    return run_tool(options, argv, _VERBS[given.verb])


class _PadsRun:
    """One run of the command, and whether all of it was done."""

    def __init__(self, redis: Redis, keyspace: Keyspace, cold: ColdPads | None) -> None:
        self.redis = redis
        self.keyspace = keyspace
        self.cold = cold
        self.failed = False

    def fails(self, why: str) -> None:
        self.failed = True
        print(f"padfleet pads: {shown(why)}", file=sys.stderr)

    @property
    def code(self) -> int:
        return FAILED if self.failed else 0


@asynccontextmanager
async def _run(settings: RedisProcessSettings) -> AsyncGenerator[_PadsRun, None]:
    async with fleet_of(settings) as (redis, keyspace):
        yield _PadsRun(redis, keyspace, cold_of(redis))


async def _list(settings: RedisProcessSettings, given: argparse.Namespace) -> int:
    since = None if given.unused is None else time.time() - given.unused
    wanted = Wanted(given.match, since, given.open, given.place or "any")
    async with _run(settings) as run, aclosing(_readable(run, wanted)) as found:
        async for facts in found:
            print(as_json(facts) if given.json else line(facts), flush=True)
    return run.code


async def _readable(run: _PadsRun, wanted: Wanted) -> AsyncGenerator[PadFacts, None]:
    async with aclosing(listed(run.redis, run.keyspace, run.cold, wanted)) as found:
        async for facts in found:
            if isinstance(facts, UnreadablePad):
                run.fails(facts.why)
            else:
                yield facts


async def _show(settings: RedisProcessSettings, given: argparse.Namespace) -> int:
    async with _run(settings) as run:
        for pad in given.pads:
            try:
                facts = await facts_of(run.redis, run.keyspace, run.cold, pad)
            except CorruptPad as error:
                run.fails(str(error))
                continue
            if facts is None:
                run.fails(f"there is no pad {pad!r}")
            elif given.json:
                print(as_json(facts))
            else:
                print(described(facts))
    return run.code


async def _who(settings: RedisProcessSettings, given: argparse.Namespace) -> int:
    async with _run(settings) as run:
        if await facts_of(run.redis, run.keyspace, run.cold, given.pad) is None:
            run.fails(f"there is no pad {given.pad!r}")
            return run.code
        for joined in sorted(await members(run.redis, run.keyspace.pad(given.pad))):
            member = joined.member
            if given.json:
                said = {"author": member.author, "name": member.name, "worker": member.worker}
                print(json.dumps({**said, "reader": member.read_only}))
            else:
                how = "reads" if member.read_only else "writes"
                name = shown(member.name or "(no name)")
                print(f"{member.author}  {how:<6}  {member.worker}  {name}")
    return run.code


async def _delete(settings: RedisProcessSettings, given: argparse.Namespace) -> int:
    async with _run(settings) as run, _deeds(run) as deeds:
        for pad in given.pads:
            try:
                await deeds.delete(pad)
            except (Missing, CorruptPad, *UNDONE) as error:
                run.fails(_why(error, pad))
            else:
                _say(given, f"{shown(pad)}: deleted", deed="delete", pad=pad)
    return run.code


async def _mend(settings: RedisProcessSettings, given: argparse.Namespace) -> int:
    async with _run(settings) as run, _deeds(run) as deeds:
        for pad in given.pads:
            try:
                mended = await deeds.mend(pad)
            except (Missing, CorruptPad, ServerMoved, WrittenOn, *UNDONE) as error:
                run.fails(_why(error, pad))
                continue
            if mended is None:
                _say(given, f"{shown(pad)}: nothing is missing", deed="mend", pad=pad, missing=0)
                continue
            first, last = mended
            count = last - first + 1
            said = f"{shown(pad)}: one change stands in the place of revisions {first} to {last}"
            _say(given, said, deed="mend", pad=pad, missing=count, first=first, last=last)
    return run.code


async def _kick(settings: RedisProcessSettings, given: argparse.Namespace) -> int:
    async with _run(settings) as run, _deeds(run) as deeds:
        try:
            count = await deeds.kick(given.pad, author=given.author, keep_out_s=given.keep_out_s)
        except (Missing, CorruptPad) as error:
            run.fails(_why(error, given.pad))
        else:
            said = (
                f"{shown(given.pad)}: {count} {'session' if count == 1 else 'sessions'} sent away"
            )
            _say(given, said, deed="kick", pad=given.pad, sessions=count)
    return run.code


async def _accept(settings: RedisProcessSettings, given: argparse.Namespace) -> int:
    async with _run(settings) as run, _deeds(run) as deeds:
        for pad in given.pads:
            try:
                known = await deeds.accept(pad)
            except (Missing, CorruptPad) as error:
                run.fails(_why(error, pad))
                continue
            what = "what the cold store has is" if known else "there is nothing to be"
            _say(given, f"{shown(pad)}: {what} accepted", deed="accept", pad=pad, known=known)
        if given.all:
            count = await deeds.accept_all()
            said = f"what the cold store has is accepted for {count:,} pads"
            _say(given, said, deed="accept", pads=count)
    return run.code


async def _copy(settings: RedisProcessSettings, given: argparse.Namespace) -> int:
    return await _elsewhere(settings, given, "copy")


async def _move(settings: RedisProcessSettings, given: argparse.Namespace) -> int:
    return await _elsewhere(settings, given, "move")


async def _elsewhere(settings: RedisProcessSettings, given: argparse.Namespace, deed: str) -> int:
    source, destination = given.pad, given.new_name
    async with _run(settings) as run, _deeds(run) as deeds:
        group = groups.group_of(destination)
        if source == destination:
            run.fails("both names are the same")
        elif group is not None and not await groups.group_exists(run.redis, group):
            run.fails(f"there is no group {group}")
        else:
            do = deeds.copy if deed == "copy" else deeds.move
            try:
                await do(source, destination, replace=given.replace)
            except PadExists:
                run.fails(
                    f"there is already a pad {destination!r}; --replace puts this in its place"
                )
            except Overtaken:
                run.fails(
                    f"people write on {source!r}: it is copied to {destination!r}, and still "
                    "there; move it with --replace when they have gone"
                )
            except (Missing, CorruptPad, ServerMoved, *UNDONE) as error:
                run.fails(_why(error, source))
            else:
                done = "copied" if deed == "copy" else "moved"
                said = f"{shown(source)}: {done} to {shown(destination)}"
                _say(given, said, deed=deed, pad=source, to=destination)
    return run.code


@asynccontextmanager
async def _deeds(run: _PadsRun) -> AsyncGenerator[PadDeeds, None]:
    async with open_edits(run.redis, run.keyspace, timeout=TIMEOUT) as edits:
        yield PadDeeds(run.redis, run.keyspace, run.cold, edits, this_command())


def _why(error: Exception, pad: str) -> str:
    if isinstance(error, Missing):
        return f"there is no pad {pad!r}"
    return f"{pad}: not done: {str(error) or 'no writer has answered'}"


def _say(given: argparse.Namespace, words: str, **fields: Any) -> None:
    print(json.dumps(fields, ensure_ascii=False) if given.json else words, flush=True)


_VERBS = {
    "list": _list,
    "show": _show,
    "who": _who,
    "delete": _delete,
    "move": _move,
    "rename": _move,
    "copy": _copy,
    "mend": _mend,
    "kick": _kick,
    "accept": _accept,
}


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
