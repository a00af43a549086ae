"""Reads the command line of `padfleet plan`."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from padfleet.services.tools.plan.demand import BadDemand, Demand, Goal, HotPad

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([KMG]?)i?B?", re.IGNORECASE)
_SIZES = {"": 1.0, "K": 2.0**10, "M": 2.0**20, "G": 2.0**30}
_NETWORK = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([MG])bit(?:/s)?", re.IGNORECASE)


def parser() -> argparse.ArgumentParser:
    """Returns the parser of `padfleet plan`'s command line."""
    made = argparse.ArgumentParser(
        prog="padfleet plan",
        description="Say how many nodes, workers, writers and Redis shards a number of people "
        "needs, and which limit decides it.",
        epilog="What the model leaves out, and how well it agrees with a real fleet: "
        "docs/capacity.md.",
    )
    who = made.add_argument_group("who is there")
    who.add_argument("--sockets", type=int, metavar="N", help="people with a pad open")
    who.add_argument("--pads", type=int, metavar="N", help="number of pads")
    who.add_argument(
        "--open",
        type=int,
        metavar="N",
        help="how many of these are open at the same time, the others being in a cold store (all "
        "of them, without a cold store)",
    )
    who.add_argument("--editors", type=int, metavar="N", help="people typing at the same time")
    who.add_argument("--rate", type=float, metavar="R", help="edits/s of each editor, at most 2")
    who.add_argument(
        "--hot-sockets", type=int, metavar="N", help="how many of the sockets are on one pad"
    )
    who.add_argument(
        "--hot-editors", type=int, metavar="N", help="how many of the editors type there (0)"
    )
    who.add_argument(
        "--skew",
        type=float,
        default=Demand.skew,
        help="how uneven the other pads are; 0: all alike (0.5)",
    )
    who.add_argument(
        "--polling", type=float, default=0.0, help="share of the sockets that use polling (0)"
    )
    who.add_argument(
        "--revision-bytes",
        type=float,
        default=0.0,
        metavar="B",
        help="bytes of a revision in a message (as measured)",
    )
    who.add_argument(
        "--compression",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="compress what everybody on a pad is sent alike (yes)",
    )
    who.add_argument(
        "--stored-pads",
        type=int,
        default=0,
        metavar="N",
        help="pads in Redis, without a cold store (--pads)",
    )
    who.add_argument(
        "--history",
        type=int,
        default=Demand.history,
        metavar="N",
        help="revisions of each pad (2000)",
    )
    goal = made.add_argument_group("goals")
    goal.add_argument("--latency", default="250ms", help="commit to socket, p95 (250ms)")
    goal.add_argument(
        "--headroom",
        type=float,
        default=Goal.headroom,
        help="share of everything that stays free (0.5)",
    )
    goal.add_argument(
        "--rejoin", default="60s", help="time in which the people of a lost zone come back (60s)"
    )
    goal.add_argument(
        "--zones",
        type=int,
        default=Goal.zones,
        metavar="N",
        help="zones that the nodes are spread over (3)",
    )
    goal.add_argument(
        "--replicas", type=int, default=Goal.replicas, help="Redis replicas of each shard (1)"
    )
    goal.add_argument(
        "--even", action="store_true", help="the balancer does not gather a pad's people"
    )
    nodes = made.add_argument_group("hardware")
    nodes.add_argument(
        "--node-cores", type=int, default=Goal.node_cores, metavar="N", help="cores of a node (16)"
    )
    nodes.add_argument(
        "--node-memory", default="32GiB", metavar="SIZE", help="memory of a node (32GiB)"
    )
    nodes.add_argument(
        "--node-network", default="10Gbit", metavar="SPEED", help="network of a node (10Gbit)"
    )
    nodes.add_argument(
        "--worker-memory",
        default="1GiB",
        metavar="SIZE",
        help="memory that a worker may use (1GiB)",
    )
    nodes.add_argument(
        "--redis-memory",
        default="16GiB",
        metavar="SIZE",
        help="memory that a Redis process may use (16GiB)",
    )
    other = made.add_argument_group("constants and output")
    other.add_argument("--json", action="store_true", help="print everything as JSON")
    other.add_argument(
        "--constants",
        type=Path,
        metavar="FILE",
        help="use these constants instead of the built-in ones",
    )
    other.add_argument(
        "--bench",
        type=Path,
        metavar="DIR",
        help="use constants from build/bench, which `make bench` on your machine has written",
    )
    other.add_argument(
        "--calibrate",
        type=Path,
        metavar="DIR",
        help="only compute constants from that directory, for --out",
    )
    other.add_argument(
        "--keep",
        action="store_true",
        help="with --calibrate: only what `costs` measures of writers and Redis is new, and "
        "what `commits`, or `deliveries` and `latency`, measure if they are there",
    )
    other.add_argument("--out", type=Path, metavar="FILE", help="where --calibrate writes")
    return made


def demand_of(arguments: argparse.Namespace) -> Demand:
    """Returns the demand. Raises `BadDemand`."""
    for name in ("sockets", "pads", "editors", "rate"):
        if getattr(arguments, name) is None:
            raise BadDemand(
                f"--{name} is missing: "
                "padfleet plan --sockets 10000 --pads 500 --editors 500 --rate 0.5"
            )
    hot = None
    if arguments.hot_sockets is not None:
        hot = HotPad(arguments.hot_sockets, arguments.hot_editors or 0)
    elif arguments.hot_editors is not None:
        raise BadDemand("--hot-editors is given without --hot-sockets: how many are on that pad?")
    return Demand(
        arguments.sockets,
        arguments.pads if arguments.open is None else arguments.open,
        arguments.editors,
        arguments.rate,
        hot,
        arguments.skew,
        arguments.polling,
        arguments.revision_bytes,
        arguments.stored_pads,
        arguments.history,
        0 if arguments.open is None else arguments.pads,
        arguments.compression,
    )


def goal_of(arguments: argparse.Namespace) -> Goal:
    """Returns the goal. Raises `BadDemand`."""
    return Goal(
        seconds("latency", arguments.latency),
        arguments.headroom,
        seconds("rejoin", arguments.rejoin),
        arguments.zones,
        arguments.node_cores,
        size("node-memory", arguments.node_memory),
        network("node-network", arguments.node_network),
        size("worker-memory", arguments.worker_memory),
        size("redis-memory", arguments.redis_memory),
        arguments.replicas,
        not arguments.even,
    )


def seconds(flag: str, text: str) -> float:
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(ms|s)", text.strip())
    if found is None:
        raise BadDemand(f"--{flag} {text!r} is not a time; write 250ms or 2s")
    return float(found[1]) * (0.001 if found[2] == "ms" else 1)


def size(flag: str, text: str) -> float:
    """Reads a size, such as 64MB, and returns it in bytes."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise BadDemand(f"--{flag} {text!r} is not a size; write 512MiB or 32GiB")
    return float(found[1]) * _SIZES[found[2].upper()]


def network(flag: str, text: str) -> float:
    """Reads a rate, and returns it in bytes a second."""
    found = _NETWORK.fullmatch(text.strip())
    if found is None:
        raise BadDemand(f"--{flag} {text!r} is not a speed; write 10Gbit or 500Mbit")
    return float(found[1]) * (1e9 if found[2].upper() == "G" else 1e6) / 8
