"""Attacks by USER_CHANGES: odd revisions, changesets and pools, and too many valid ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from padfleet.shared.easysync.base36 import numeral
from tests.attack.attack import PAD, Attack, Run
from tests.attack.drivers import (
    TEXT,
    Fate,
    Tally,
    Target,
    event,
    frame,
    http,
    over_and_over,
    websocket,
)
from tests.attack.messages import collab, insert

REVS: Final[tuple[Any, ...]] = (
    -1,
    -(2**63),
    1,
    10**6,
    2**53 + 1,
    2**64,
    1e308,
    0.5,
    "0",
    "9" * 5000,
    None,
    [],
    {},
    True,
)


def changesets(size: int, author: str) -> Iterator[tuple[Any, Any]]:
    """Yields changesets and pools that fit no pad, or barely do."""
    mine = {"numToAttrib": {"0": ["author", author]}, "nextNum": 1}
    length = numeral(size)
    yield "", mine
    yield None, mine
    yield [], mine
    yield {"x": 1}, mine
    yield "Z:", mine
    yield f"Z:{length}>1*0+1", mine
    yield f"Z:{length}>1*0+1$", mine
    yield f"Z:{length}>zzzzzzzz*0+zzzzzzzz$x", mine
    yield "Z:zzzzzzzzzzzz>1=zzzzzzzzzzz*0+1$x", mine
    yield f"Z:{length}<zzzz-zzzz$", mine
    yield f"Z:{length}>1*zzzz+1$x", mine
    yield f"Z:{length}>1*0*0*0*0+1$x", mine
    yield f"Z:{length}>2|9*0+2$x\n", mine
    yield f"Z:{length}>{'9' * 5000}*0+1$x", mine
    yield f"Z:{length}>0{'=0' * 100_000}$", mine
    yield f"Z:{length}>{numeral(20_000)}{'*0+1' * 20_000}${'x' * 20_000}", mine
    yield f"Z:{length}>{numeral(19_000)}{'*0+1*1+1' * 9_500}${'xy' * 9_500}", pool(author, 2)
    yield f"Z:{length}>1*0+1$\ud800", mine
    yield f"Z:{length}>1*0+1$\0", mine
    yield f"Z:{length}>1{''.join(f'*{numeral(n)}' for n in range(3000))}+1$x", pool(author, 3000)
    odd: tuple[Any, ...] = (
        None,
        [],
        "x",
        {},
        {"numToAttrib": []},
        {"numToAttrib": {"0": "author"}, "nextNum": 1},
        {"numToAttrib": {"0": ["author", "a.0000000000000000"]}, "nextNum": 1},
        {"numToAttrib": {"0": ["author", author], "1": [1, 2]}, "nextNum": 1e308},
        {"numToAttrib": {"9" * 5000: ["author", author]}, "nextNum": 1},
        {"numToAttrib": {"-1": ["author", author]}, "nextNum": -1},
        {"numToAttrib": {"0": ["x" * 400_000, "y" * 400_000]}, "nextNum": 1},
        {"numToAttrib": {"0": ["list", "number" * 100_000]}, "nextNum": 1},
        pool(author, 7000),
    )
    for one in odd:
        yield f"Z:{length}>1*0+1$x", one


def pool(author: str, count: int) -> dict[str, Any]:
    attributes = {str(n): ["x", str(n)] for n in range(count)}
    return {"numToAttrib": {**attributes, "0": ["author", author]}, "nextNum": count}


NEW: Final = 2000

ODDITIES: Final = len(list(changesets(1, "a.x")))


async def odd_changesets(target: Target, tally: Tally) -> None:
    async def once(number: int) -> str:
        async with websocket(target) as socket:
            said = await socket.join(f"{PAD}-odd")
            known = said["collab_client_vars"]
            odd = list(changesets(len(known["initialAttributedText"]["text"]), said["userId"]))
            changeset, apool = odd[number % ODDITIES]
            sent = {"baseRev": known["rev"], "changeset": changeset, "apool": apool}
            await socket.say(collab("USER_CHANGES", **sent))
            await socket.until("ACCEPT_COMMIT")
            return "accepted"

    await over_and_over(tally, 8, once)


async def odd_revs(target: Target, tally: Tally) -> None:
    async def once(number: int) -> str:
        async with websocket(target) as socket:
            said = await socket.join(target.long)
            size = len(said["collab_client_vars"]["initialAttributedText"]["text"])
            await socket.say(insert(said["userId"], REVS[number % len(REVS)], size, "x"))
            await socket.until("ACCEPT_COMMIT")
            return "accepted"

    await over_and_over(tally, 8, once)


def typing(text: str, sockets: int, base: int | None = None) -> Run:
    """Sends edits as fast as possible, each on the same revision, so that each has to be
    rebased."""

    async def run(target: Target, tally: Tally) -> None:
        async def once(number: int) -> str:
            async with websocket(target) as socket:
                said = await socket.join(f"{PAD}-typing")
                known = said["collab_client_vars"]
                rev, size = known["rev"], len(known["initialAttributedText"]["text"])
                edit = event(insert(said["userId"], rev, size, text))
                await socket.send(edit)
                await socket.until("ACCEPT_COMMIT")
                tally["edits answered"] += 1
                return await socket.flood(edit)

        await over_and_over(tally, sockets, once)

    return run


async def far_past(target: Target, tally: Tally) -> None:
    """Edits the first revision of a pad that has hundreds, again and again."""

    export = f"{target.url}/p/{target.long}/0/export/txt"
    async with http(target) as session, session.get(export) as answer:
        first = await answer.text()

    async def once(_: int) -> str:
        async with websocket(target) as socket:
            said = await socket.join(target.long)
            while True:
                await socket.say(insert(said["userId"], 0, len(first), "x"))
                await socket.until("ACCEPT_COMMIT")
                tally["accepted"] += 1

    await over_and_over(tally, 8, once)


async def many_operations(target: Target, tally: Tally) -> None:
    """Sends edits of nineteen thousand operations, over which others on old revisions have to be
    moved."""

    async def once(_: int) -> str:
        async with websocket(target) as socket:
            said = await socket.join(f"{PAD}-operations")
            known = said["collab_client_vars"]
            rev, size = known["rev"], len(known["initialAttributedText"]["text"])
            text = "xy" * 9_500
            changeset = f"Z:{numeral(size)}>{numeral(19_000)}{'*0+1*0*1+1' * 9_500}${text}"
            apool = {"numToAttrib": {"0": ["author", said["userId"]], "1": ["bold", "true"]}}
            sent = {"baseRev": rev, "changeset": changeset, "apool": {**apool, "nextNum": 2}}
            for _ in range(10):
                await socket.say(collab("USER_CHANGES", **sent))
                await socket.until("ACCEPT_COMMIT")
                tally["accepted"] += 1
            raise Fate("done")

    await over_and_over(tally, 4, once)


async def attributes(target: Target, tally: Tally) -> None:
    """Brings new attributes with each edit, as many as a message may have values for, of 400 KB
    together."""

    async def once(number: int) -> str:
        async with websocket(target) as socket:
            said = await socket.join(f"{PAD}-attributes")
            known = said["collab_client_vars"]
            rev, size = known["rev"], len(known["initialAttributedText"]["text"])
            for turn in range(10):
                marks = {str(n): ["x", f"{number}-{turn}-{n}" + "y" * 150] for n in range(1, NEW)}
                apool = {"numToAttrib": {"0": ["author", said["userId"]], **marks}, "nextNum": NEW}
                text = "x" * (NEW - 1)
                operations = "".join(f"*0*{numeral(n)}+1" for n in range(1, NEW))
                changeset = f"Z:{numeral(size)}>{numeral(NEW - 1)}{operations}${text}"
                sent = {"baseRev": rev, "changeset": changeset, "apool": apool}
                await socket.say(collab("USER_CHANGES", **sent))
                accepted = json.loads((await socket.until("ACCEPT_COMMIT"))[2:])
                rev, size = accepted[1]["data"]["newRev"], size + NEW - 1
                tally["accepted"] += 1
            return "done"

    await over_and_over(tally, 2, once)


async def nothing_edits(target: Target, tally: Tally) -> None:
    """Sends USER_CHANGES before any join, and on a pad that may only be read."""

    async def once(number: int) -> str:
        async with websocket(target) as socket:
            if number % 2:
                async with websocket(target) as first:
                    read_only = (await first.join(f"{PAD}-read"))["readOnlyId"]
                await socket.join(read_only)
            await socket.send(
                frame(TEXT, b'421["message",{"component":"pad","type":"COLLABROOM"}]')
            )
            return await socket.ask(insert("a.0000000000000000", 0, 1, "x"))

    await over_and_over(tally, 4, once)


def attacks() -> list[Attack]:
    return [
        Attack(
            "edits: odd changesets and pools",
            odd_changesets,
            {"badChangeset": 10, "accepted": 2},
            5,
            short=True,
            keys_left=4000,
        ),
        Attack(
            "edits: revisions that no client can have",
            odd_revs,
            {"badChangeset": 20},
            4,
            keys_left=12_000,
            keys=12_000,
        ),
        Attack("edits: on a revision of long ago", far_past, {"accepted": 10}, 5, keys_left=4000),
        Attack("edits: one letter, as fast as it goes", typing("x", 4), {"edits answered": 4}, 4),
        Attack(
            "edits: 400 KB, as fast as it goes",
            typing("x" * 400_000, 4),
            {"edits answered": 4},
            5,
            redis_mb=250,
        ),
        Attack("edits: 19,000 operations each", many_operations, {"accepted": 1}, 5, redis_mb=150),
        Attack(
            "edits: two thousand new attributes each",
            attributes,
            {"accepted": 4},
            5,
            redis_mb=150,
            keys_left=200,
        ),
        Attack(
            "edits: before a join, and by readers",
            nothing_edits,
            {"refused": 20},
            4,
            keys_left=4000,
        ),
    ]
