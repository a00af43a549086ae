"""Runs `padfleet pad cat|append|watch URL`."""

import argparse
import asyncio
import re
import sys
from contextlib import suppress
from io import TextIOWrapper
from urllib.parse import quote

import aiohttp

from padfleet.shared.client import Changed, Pad, PadError, PadUrl, ProtocolError, connect
from padfleet.shared.easysync import from_units, iter_ops, unpack

PATIENCE = 10.0
"""How many seconds to wait for the answer whether a pad exists."""

NO_SUCH_PAD = b"there is no such pad"
"""A worker's answer to the export of a pad that does not exist."""

_LONE = re.compile("[\ud800-\udfff]")


def main(argv: list[str]) -> int:
    """Reads or writes one pad. Returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        PadUrl.parse(arguments.url)
    except PadError as error:
        print(f"padfleet pad: {error}", file=sys.stderr)
        return 2
    # A terminal may be set to an encoding that lacks some characters of a pad.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        if arguments.verb == "append" and arguments.text is None:
            arguments.text = sys.stdin.buffer.read().decode()
        asyncio.run(_VERBS[arguments.verb](arguments))
    except UnicodeDecodeError as error:
        print(f"padfleet pad: standard input is not UTF-8: {error}", file=sys.stderr)
        return 1
    except (PadError, ProtocolError) as error:
        print(f"padfleet pad: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="padfleet pad", description="Read, write and watch a pad from the command line."
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="cat|append|watch")
    for verb, summary in (
        ("cat", "print the pad's text"),
        ("append", "add text at the end, and wait until it is part of the pad"),
        ("watch", "print each change as it comes, until Ctrl-C"),
    ):
        command = verbs.add_parser(verb, help=summary, description=f"{summary.capitalize()}.")
        command.add_argument("url", metavar="URL", help="http://host:port/p/name of the pad")
        command.add_argument("--name", help="your name, as the others see it")
        if verb == "append":
            command.add_argument("text", nargs="?", help="what to add (default: standard input)")
    return parser


async def _exported(url: str) -> str | None:
    """Returns the pad's text from its export, for which nobody has to be on the pad: one in a cold
    store stays there. None means that it cannot be read in this way, or not now.

    Raises `PadError` if a worker says that there is no such pad, since joining it would create it.
    """
    place = PadUrl.parse(url)
    address = f"{place.base}/p/{quote(place.pad_id, safe='')}/export/txt"
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    with suppress(aiohttp.ClientError, TimeoutError):
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.get(address) as response,
        ):
            body = await response.read()
            if response.status == 404 and NO_SUCH_PAD in body:
                raise PadError(f"there is no pad {place.pad_id!r}; padfleet pad append makes it")
            if response.status == 200 and response.content_type == "text/plain":
                return body.decode("utf-8", "replace")
    return None


async def _cat(arguments: argparse.Namespace) -> None:
    text = await _exported(arguments.url)
    if text is None:
        async with connect(arguments.url, name=arguments.name) as pad:
            text = shown(pad.text)
    sys.stdout.write(text)
    halves = text.count("\ufffd")
    if halves:
        print(
            f"padfleet pad: {halves} of the characters are shown as \ufffd; such a one may be half "
            "a pair, as what is left of an emoji",
            file=sys.stderr,
        )


async def _append(arguments: argparse.Namespace) -> None:
    async with connect(arguments.url, name=arguments.name) as pad:
        if arguments.text:
            await pad.append(arguments.text)
        print(f"revision {pad.rev}", file=sys.stderr)


async def _watch(arguments: argparse.Namespace) -> None:
    async with connect(arguments.url, name=arguments.name) as pad:
        print(f"revision {pad.rev}, {len(pad.text)} characters", flush=True)
        async for event in pad:
            if isinstance(event, Changed):
                print(f"{event.rev}  {_who(pad, event.author)}  {described(event)}", flush=True)


def _who(pad: Pad, author: str) -> str:
    """Returns the author's name, if it is known. Names are free text, and must not control the
    terminal."""
    name = shown(pad.names.get(author) or author or "?")
    return "".join(char if char.isprintable() else "\ufffd" for char in name)


def described(change: Changed) -> str:
    """Describes what a change did, on one line: ``at 12: -3 +"text"``."""
    parts, position, bank = [], 0, unpack(change.changeset).bank
    for op in iter_ops(unpack(change.changeset).ops):
        match op.opcode:
            case "=":
                if op.attribs:
                    parts.append(f"at {position}: formats {op.chars}")
                position += op.chars
            case "-":
                parts.append(f"at {position}: -{op.chars}")
            case "+":
                inserted, bank = bank[: op.chars], bank[op.chars :]
                parts.append(f"at {position}: +{shown(inserted)!r}")
                position += op.chars
    return ", ".join(parts)


def shown(text: str) -> str:
    """Returns a code-unit string for a terminal. Half a surrogate pair cannot be written as UTF-8
    and is shown as the replacement character."""
    return _LONE.sub("\ufffd", from_units(text))


_VERBS = {"cat": _cat, "append": _append, "watch": _watch}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
