"""`padfleet pad cat|append|watch URL`."""

import argparse
import asyncio
import re
import sys

from shared.client import Changed, Pad, PadError, PadUrl, ProtocolError, connect
from shared.easysync import from_units, iter_ops, unpack

_LONE = re.compile("[\ud800-\udfff]")


def main(argv: list[str]) -> int:
    arguments = _parser().parse_args(argv)
    try:
        PadUrl.parse(arguments.url)
    except PadError as error:
        print(f"padfleet pad: {error}", file=sys.stderr)
        return 2
    if arguments.verb == "append" and arguments.text is None:
        arguments.text = sys.stdin.read()
    try:
        asyncio.run(_VERBS[arguments.verb](arguments))
    except (PadError, ProtocolError) as error:
        print(f"padfleet pad: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
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
            command.add_argument("text", nargs="?", help="what to add; standard input without it")
    return parser


async def _cat(arguments: argparse.Namespace) -> None:
    async with connect(arguments.url, name=arguments.name) as pad:
        sys.stdout.write(shown(pad.text))


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
    return from_units(pad.users.get(author) or author or "?")


def described(change: Changed) -> str:
    """What a change did, on one line: ``at 12: -3 +"text"``."""
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
    """A code-unit string for a terminal. Half a pair cannot be written as UTF-8 and is shown as
    the replacement character."""
    return _LONE.sub("\ufffd", from_units(text))


_VERBS = {"cat": _cat, "append": _append, "watch": _watch}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
