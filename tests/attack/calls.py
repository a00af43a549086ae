"""Attacks by the HTTP API, with the key and without."""

from __future__ import annotations

import json
from typing import Any

from tests.attack.attack import PAD, Attack
from tests.attack.drivers import (
    BREACH,
    Tally,
    Target,
    all_at_once,
    connection,
    forever,
    http,
    over_and_over,
    told,
)
from tests.attack.files import html


async def without_key(target: Target, tally: Tally) -> None:
    """Makes a thousand calls at once without a key, with large bodies that nobody reads."""
    bodies: tuple[dict[str, Any], ...] = (
        {"data": {"padID": "x"}},
        {"json": {"apikey": "guess", "text": "x" * 100_000}},
        {"json": {"apikey": ["x"], "padID": {"a": []}}},
        {"data": b"[" * 100_000, "headers": {"Content-Type": "application/json"}},
        {
            "data": b"a=b&" * 50_000,
            "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        },
        {"headers": {"Authorization": "x" * 6000}},
    )
    async with http(target) as session:

        async def once(number: int) -> str:
            url = target.api("listAllPads")
            async with session.post(url, **bodies[number % len(bodies)]) as answer:
                let_in = (await answer.json())["code"] == 0
                return BREACH + "let in" if let_in else told(answer.status)

        await all_at_once(tally, 1000, once)
        await over_and_over(tally, 16, once)


async def with_key(target: Target, tally: Tally) -> None:
    """Makes a thousand calls at once with the key: pads are created, read and written."""
    functions = ("createPad", "appendText", "getText", "getRevisionsCount", "padUsersCount")
    async with http(target) as session:

        async def once(number: int) -> str:
            said = {"apikey": target.key, "padID": f"{PAD}-api-{number % 50}", "text": "x"}
            async with session.post(target.api(functions[number % 5]), data=said) as answer:
                return told(answer.status)

        await all_at_once(tally, 1000, once)


def huge() -> tuple[tuple[str, dict[str, Any]], ...]:
    return (
        ("setText", {"text": "\t" * 20_000_000}),
        ("setText", {"text": "x" * 40_000_000}),
        ("setHTML", {"html": html()["tags that are not closed"]}),
        ("setHTML", {"html": html()["deep"]}),
        ("setHTML", {"html": html()["formatting to adopt"]}),
        ("appendChatMessage", {"text": "x" * 5_000_000, "authorID": "a.0000000000000000"}),
        ("createAuthor", {"name": "x" * 5_000_000}),
        ("createAuthorIfNotExistsFor", {"authorMapper": "x" * 5_000_000, "name": "x"}),
        ("createGroupIfNotExistsFor", {"groupMapper": "x" * 5_000_000}),
        ("createSession", {"groupID": "g.x", "authorID": "a.x", "validUntil": "9" * 5000}),
        ("getText", {"rev": "9" * 5000}),
        ("getText", {"rev": "1e308"}),
        ("restoreRevision", {"rev": "9" * 5000}),
        ("getChatHistory", {"start": "0", "end": "9" * 5000}),
        ("getRevisionChangeset", {"rev": "-1"}),
        ("sendClientsMessage", {"msg": "x" * 5_000_000}),
        ("copyPad", {"sourceID": "chatty", "destinationID": "x" * 5_000_000}),
        ("createPad", {"padID": "x" * 5_000_000}),
        ("createPad", {"padID": f"{PAD}\0\r\n"}),
        ("saveRevision", {"rev": "1" * 5000}),
    )


async def huge_fields(target: Target, tally: Tally) -> None:
    calls = huge()
    async with http(target) as session:

        async def once(number: int) -> str:
            function, fields = calls[number % len(calls)]
            said = {"apikey": target.key, "padID": f"{PAD}-huge", **fields}
            async with session.post(target.api(function), data=said) as answer:
                return told(answer.status)

        await over_and_over(tally, 4, once)


async def odd_json(target: Target, tally: Tally) -> None:
    """Sends bodies that no portal sends."""
    key = json.dumps(target.key)
    bodies = (
        "[" * 3_000_000,
        '{"apikey":' + key + ',"padID":' + "[" * 50_000 + "]" * 50_000 + "}",
        '{"apikey":' + key + ',"padID":' + "9" * 500_000 + "}",
        '{"apikey":' + key + ',"padID":"\\ud800"}',
        '{"apikey":' + key + ',"padID":1e999}',
        '{"apikey":' + key + "," + ",".join(f'"{n}":0' for n in range(200_000)) + "}",
        '{"apikey":' + key + ',"apikey":{}}',
        '{"apikey":' + key + ',"padID":"x","__proto__":{}}',
        "null",
        '"x"',
        "",
    )
    kinds = ("application/json", "application/json; charset=utf-7", "text/plain", "x/y; charset=x")

    async with http(target) as session:

        async def once(number: int) -> str:
            async with session.post(
                target.api("getText"),
                data=bodies[number % len(bodies)].encode(),
                headers={"Content-Type": kinds[number % len(kinds)]},
            ) as answer:
                return told(answer.status)

        await over_and_over(tally, 6, once)


async def versions(target: Target, tally: Tally) -> None:
    """Calls functions and versions that do not exist."""
    names = ("x", "__init__", "constructor", "%00", "../getText", "x" * 5000, "getText/x", "")
    async with http(target) as session:

        async def once(number: int) -> str:
            version = ("1", "99", "9" * 3000, "1.3.0%20", "..")[number % 5]
            url = f"{target.url}/api/{version}/{names[number % len(names)]}"
            async with session.get(url, params={"apikey": target.key}) as answer:
                return told(answer.status)

        await over_and_over(tally, 8, once)


async def unread_calls(target: Target, tally: Tally) -> None:
    """Makes forty calls with the key for the text of a large pad, and reads none of the answers."""

    async def once(_: int) -> str:
        async with connection(target, small=True) as made:
            query = f"apikey={target.key}&padID={target.large}"
            line = f"GET /api/1.3.0/getText?{query} HTTP/1.1\r\nHost: x\r\n\r\n"
            await made.send(line.encode())
            status = await made.status()
            made.stop_reading()
            tally[f"held open, {status}"] += 1
            await forever()
        return ""

    await all_at_once(tally, 40, once)


def attacks() -> list[Attack]:
    return [
        Attack(
            "API: a thousand calls at once without the key",
            without_key,
            {"401": 500},
            5,
            peak_mb=250,  # a thousand connections, each with a piece of its body
        ),
        Attack("API: a thousand calls at once with the key", with_key, {"200": 500}, 8),
        Attack(
            "API: fields of megabytes, numbers of 5,000 digits",
            huge_fields,
            {"200": 10},
            10,
            peak_mb=400,
        ),
        Attack(
            "API: JSON that is deep, wide and odd", odd_json, {"200": 5, "401": 2}, 4, short=True
        ),
        Attack("unread: forty texts by the API", unread_calls, {"held open, 200": 2}, 5),
        Attack("API: functions and versions that are none", versions, {"404": 20}, 4),
    ]
