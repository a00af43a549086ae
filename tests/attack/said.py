"""Attacks by what is said on a pad: chat, names, cursors, the timeslider, deletion."""

from __future__ import annotations

from typing import Any

from tests.attack.attack import PAD, Attack, Run
from tests.attack.drivers import (
    BREACH,
    TEXT,
    Fate,
    Tally,
    Target,
    event,
    frame,
    outcome,
    over_and_over,
    websocket,
)
from tests.attack.messages import changeset_req, collab, ready


def saying(*messages: dict[str, Any], pad: str = "", sockets: int = 4) -> Run:
    """Lets a few sockets join and send these messages as fast as they can."""
    said = b"".join(map(event, messages))

    async def run(target: Target, tally: Tally) -> None:
        async def once(_: int) -> str:
            async with websocket(target) as socket:
                await socket.join(getattr(target, pad, f"{PAD}-said"))
                tally["joined"] += 1
                return await socket.flood(said)

        await over_and_over(tally, sockets, once)

    return run


async def crowd_of_names(target: Target, tally: Tally) -> None:
    """Lets forty people who list users come to a pad, rename themselves and go, over and over;
    everybody else has to be told each time."""

    async def once(number: int) -> str:
        async with websocket(target) as socket:
            await socket.join(f"{PAD}-names", supports=["USERS"])
            for turn in range(5):
                info = {"name": f"{number} {turn} " + "x" * 90, "colorId": "#ffffff"}
                await socket.say(collab("USERINFO_UPDATE", userInfo=info))
            tally["joined"] += 1
        return "left"

    await over_and_over(tally, 40, once)


async def out_of_order(target: Target, tally: Tally) -> None:
    """Sends every kind of message before a join and after a goodbye, and joins two pads at once."""
    kinds = (
        collab("USER_CHANGES", baseRev=0, changeset="Z:1>1+1$x", apool={}),
        collab("USERINFO_UPDATE", userInfo={"name": "x", "colorId": "#ffffff"}),
        collab("CHAT_MESSAGE", message={"text": "x"}),
        collab("GET_CHAT_MESSAGES", start=0, end=1),
        collab("SAVE_REVISION"),
        collab("CURSOR", line=0, column=0),
        collab("CLIENT_MESSAGE", payload={"type": "suggestUserName", "newName": "x"}),
        collab("PAD_DELETE"),
        changeset_req(target.long, 0, 1),
        {"component": "pad", "type": "COLLABROOM"},
    )

    async def once(number: int) -> str:
        async with websocket(target, greet=False) as socket:
            kind = kinds[number % len(kinds)]
            await socket.send(event(kind))  # before the namespace is connected
            await socket.send(frame(TEXT, b"40"))
            await socket.until('"sid"')
            tally[await outcome(socket.ask(kind))] += 1
            pads = [ready(f"{PAD}-order-{n}", token=f"t.{'o' * 20}") for n in range(3)]
            await socket.send(b"".join(map(event, pads)) + event(kind))
            await socket.until("CLIENT_VARS")
            tally["joined"] += 1
            await socket.send(
                frame(TEXT, b"41") + event(kind) * 3 + frame(TEXT, b"40") + event(kind)
            )
            return await socket.dismissed()

    await over_and_over(tally, 6, once, 0.02)


async def chat_ranges(target: Target, tally: Tally) -> None:
    ranges = ((0, 10**12), (-5, 5), (10**15, 10**15), ("0", "100"), (0, 100), (None, None), (5, 0))

    async def once(number: int) -> str:
        async with websocket(target) as socket:
            await socket.join(target.chatty)
            start, end = ranges[number % len(ranges)]
            return await socket.ask(collab("GET_CHAT_MESSAGES", start=start, end=end))

    await over_and_over(tally, 8, once)


async def timeslider_hog(target: Target, tally: Tally) -> None:
    """Lets sixteen sessions of one client ask for everything, and for odd things, all the time."""
    asked = [(s, g) for s in (0, 100, -1, 10**12, "x") for g in (1, 10, 100, 0, -1, 10**9, None)]

    async def once(number: int) -> str:
        async with websocket(target) as socket:
            await socket.join(target.long)
            for start, granularity in asked[number % 7 :: 7] * 20:
                await socket.say(changeset_req(target.long, start, granularity), 7)
                await socket.until("437[")
                tally["answered"] += 1
            return "done"

    await over_and_over(tally, 16, once)


async def deletes(target: Target, tally: Tally) -> None:
    """Asks to delete somebody else's pad, with guessed tokens."""
    tokens: tuple[Any, ...] = ("", "x", "x" * 100_000, None, 0, [], {"$ne": ""})

    async def once(number: int) -> str:
        async with websocket(target) as socket:
            await socket.join(target.chatty)
            said = collab("PAD_DELETE")
            said["data"]["data"] = {"padId": target.chatty, "deletionToken": tokens[number % 7]}
            try:
                await socket.ask(said)
                return await socket.ask(
                    {"type": "PAD_DELETE", "component": "pad", "data": said["data"]["data"]}
                )
            except Fate as fate:
                return BREACH + "deleted" if str(fate) == "deleted" else str(fate)

    await over_and_over(tally, 4, once)


def attacks() -> list[Attack]:
    odd = {"x": "y" * 100_000}
    return [
        Attack(
            "messages: before a join, after a goodbye, on several pads",
            out_of_order,
            {"refused": 10, "joined": 10},
            4,
            short=True,
            keys_left=4000,
        ),
        Attack(
            "presence: cursors that are nowhere, as fast as they go",
            saying(
                collab("CURSOR", line=10**12, column=-1),
                collab("CURSOR", line="x" * 9000, column={"a": []}),
                collab("CURSOR", line=1e308, column=None, start=[0, 0], end=[10**9] * 500),
                collab("CURSOR"),
            ),
            {"joined": 4},
            4,
        ),
        Attack(
            "chat: a flood",
            saying(collab("CHAT_MESSAGE", message={"text": "x" * 9000})),
            {"joined": 4},
            4,
        ),
        Attack(
            "chat: ranges without end", chat_ranges, {"refused": 10, "taken": 10}, 4, keys_left=4000
        ),
        Attack(
            "presence: names, colours, suggestions, settings, saves",
            saying(
                collab("USERINFO_UPDATE", userInfo={"name": "x" * 50_000, "colorId": "x" * 50_000}),
                collab("USERINFO_UPDATE", userInfo={"name": "x", "colorId": "#ffffff"}),
                collab(
                    "CLIENT_MESSAGE", payload={"type": "suggestUserName", "newName": "x" * 9000}
                ),
                collab("CLIENT_MESSAGE", payload={"type": "padoptions", "options": odd}),
                collab("CLIENT_MESSAGE", payload={"type": "x" * 1000, **odd}),
                collab("SAVE_REVISION"),
            ),
            {"joined": 4},
            4,
        ),
        Attack(
            "presence: forty who come, change their names and go",
            crowd_of_names,
            {"joined": 20},
            4,
            keys=20_000,
            keys_left=4000,
        ),
        Attack(
            "timeslider: sixteen sessions, all the time",
            timeslider_hog,
            {"answered": 50},
            5,
            keys_left=2000,
        ),
        Attack("deletion: of somebody else's pad", deletes, {"refused": 10}, 4, keys_left=2000),
    ]
