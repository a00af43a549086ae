"""Runs the command `padfleet pads`."""

import argparse
import json
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

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
from padfleet.shared.log.pad.staging import PadExists, ServerMoved
from padfleet.shared.log.people import groups
from padfleet.shared.log.people.presence import members
from padfleet.shared.log.people.sent_away import KEPT_OUT_S, MOST_KEPT_OUT_S
from padfleet.shared.settings import RedisProcessSettings
from padfleet.shared.settings.ages import age_of, time_of
from padfleet.shared.tool import FAILED, add_redis_options, fleet_of, option_of, run_tool, shown

TIMEOUT = 10.0
"""How many seconds a writer may take to delete a pad."""

UNDONE = (EditRefusal, NotTaken, Unanswered, TimeoutError)
"""The errors that mean that a pad was not deleted."""


def main(argv: Sequence[str]) -> int:
    """Lists pads, or does something with some. Returns 0 when everything was done, 1 when something
    was not, and 2 when nothing was begun."""
    parser = _parser()
    given = parser.parse_args(argv)
    new_name = getattr(given, "new_name", None)
    if new_name is not None and not is_new_pad_id(new_name):
        parser.error(f"{new_name!r} is not a valid pad name: nobody could open it")
    return run_tool(parser, argv, _VERBS[given.verb])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="padfleet pads",
        description="See which pads there are and who is on them; delete, move and copy pads, and "
        "disconnect people from them. What you do is recorded in the audit log (padfleet "
        "audit).",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="list|show|who|delete|…")
    about = {
        "list": "print a line for each pad, in no particular order: revision, last edit, size, "
        "authors, who is on it or that it is cold, name",
        "show": "print everything that is known about some pads",
        "who": "print who is on a pad",
        "delete": "delete pads; the people on them are told",
        "move": "give a pad another name; the people on it are told that it is gone",
        "rename": "the same as move",
        "copy": "copy a pad with its whole history",
        "kick": "disconnect the people on a pad, and keep them out for a minute",
    }
    commands = {
        verb: verbs.add_parser(verb, help=summary, description=f"{summary.capitalize()}.")
        for verb, summary in about.items()
    }
    listing = commands["list"]
    listing.add_argument(
        "--match",
        default="*",
        metavar="PATTERN",
        help="only pads with such names, such as 'team-*' [default *]",
    )
    listing.add_argument(
        "--unused",
        type=option_of(age_of),
        metavar="AGE",
        help="only those that nobody has used for this long, and that nobody is on: 365d, 12h",
    )
    place = listing.add_mutually_exclusive_group()
    place.add_argument(
        "--hot", dest="place", action="store_const", const="hot", help="only those in Redis"
    )
    place.add_argument(
        "--cold",
        dest="place",
        action="store_const",
        const="cold",
        help="only those in the cold store",
    )
    listing.add_argument("--open", action="store_true", help="only those that somebody is on")
    for verb in ("show", "delete"):
        commands[verb].add_argument("pads", nargs="+", metavar="PAD")
    for verb in ("who", "kick"):
        commands[verb].add_argument("pad", metavar="PAD")
    commands["kick"].add_argument(
        "--author",
        default="",
        metavar="ID",
        help="only this author, with the id that padfleet pads who prints",
    )
    commands["kick"].add_argument(
        "--for",
        dest="keep_out_s",
        type=option_of(_keeping_out),
        default=KEPT_OUT_S,
        metavar="TIME",
        help="how long they cannot come back: 30s, 10m, 1d at most; 0: not at all [default 1m]",
    )
    for verb in ("move", "rename", "copy"):
        commands[verb].add_argument("pad", metavar="PAD")
        commands[verb].add_argument("new_name", metavar="NEWNAME")
        commands[verb].add_argument(
            "--replace", action="store_true", help="replace a pad of that name, if there is one"
        )
    for command in commands.values():
        command.add_argument("--json", action="store_true", help="print one JSON object per line")
        add_redis_options(command)
    return parser


def _keeping_out(text: str) -> int:
    seconds = 0 if text.strip() == "0" else int(time_of(text))
    if seconds > MOST_KEPT_OUT_S:
        raise ValueError(f"{text!r} is more than a day: keep them out by access control")
    return seconds


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
            print(_as_json(facts) if given.json else _line(facts), flush=True)
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
                print(_as_json(facts))
            else:
                print(_described(facts))
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


def _line(facts: PadFacts) -> str:
    people = f"{facts.sessions} on it" if facts.sessions else "cold" * (facts.place == "cold")
    return (
        f"{facts.head:>8}  {facts.edited_at}  {facts.bytes:>12,}  {facts.authors:>4}  "
        f"{people:>10}  {shown(facts.pad)}"
    )


def _as_json(facts: PadFacts) -> str:
    return json.dumps({**facts._asdict(), "edited": facts.edited_at}, ensure_ascii=False)


def _described(facts: PadFacts) -> str:
    rows = {
        "pad": shown(facts.pad),
        "revision": f"{facts.head:,}",
        "last edit": facts.edited_at,
        "bytes": f"{facts.bytes:,}",
        "where": "in Redis" if facts.place == "hot" else "in the cold store",
        "sessions": str(facts.sessions),
        "authors": str(facts.authors),
        "made by": facts.creator,
        "read-only": facts.read_only_id or "nobody has asked for its address yet",
    }
    return "\n".join(f"{name:<9}  {value}" for name, value in rows.items()) + "\n"


_VERBS = {
    "list": _list,
    "show": _show,
    "who": _who,
    "delete": _delete,
    "move": _move,
    "rename": _move,
    "copy": _copy,
    "kick": _kick,
}


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
