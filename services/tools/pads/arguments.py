"""Has the arguments of `padfleet pads`."""

import argparse

from padfleet.shared.log.people.sent_away import KEPT_OUT_S, MOST_KEPT_OUT_S
from padfleet.shared.settings.ages import age_of, time_of
from padfleet.shared.tool import add_redis_options, option_of


def parser() -> argparse.ArgumentParser:
    """Returns the parser of `padfleet pads`' command line."""
    options = argparse.ArgumentParser(
        prog="padfleet pads",
        description="See which pads there are and who is on them; delete, move and copy pads, and "
        "disconnect people from them. What you do is recorded in the audit log (padfleet "
        "audit).",
    )
    verbs = options.add_subparsers(dest="verb", required=True, metavar="list|show|who|delete|…")
    about = {
        "list": "print a line for each pad, in no particular order: revision, last edit, size, "
        "authors, who is on it or that it is cold, name",
        "show": "print everything that is known about some pads",
        "who": "print who is on a pad",
        "delete": "delete pads; the people on them are told",
        "move": "give a pad another name; the people on it are told that it is gone",
        "rename": "the same as move",
        "copy": "copy a pad with its whole history",
        "mend": "put one change in the place of revisions that the cold store has lost; the people "
        "on the pads have to reload them",
        "kick": "disconnect the people on a pad, and keep them out for a minute",
        "accept": "accept what the cold store has of some pads, or of all, although it had more "
        "when they left Redis: after it was restored from a backup",
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
    for verb in ("show", "delete", "mend"):
        commands[verb].add_argument("pads", nargs="+", metavar="PAD")
    commands["accept"].add_argument("pads", nargs="*", metavar="PAD")
    commands["accept"].add_argument(
        "--all", action="store_true", help="of all pads that are not in Redis"
    )
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
    return options


def _keeping_out(text: str) -> int:
    seconds = 0 if text.strip() == "0" else int(time_of(text))
    if seconds > MOST_KEPT_OUT_S:
        raise ValueError(f"{text!r} is more than a day: keep them out by access control")
    return seconds
