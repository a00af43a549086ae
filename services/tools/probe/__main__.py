"""Runs the command `padfleet probe`."""

from __future__ import annotations

import argparse
import http.client
import sys
import time
from collections.abc import Sequence
from typing import Final
from urllib.parse import SplitResult, urlsplit

from padfleet.shared.pids import is_alive

_WELL: Final = 0
_UNWELL: Final = 1
_PAUSE: Final = 0.2  # seconds between two questions
_LONGEST: Final = 2000  # characters of an answer that are shown: Docker keeps 4096 bytes of them


def main(argv: Sequence[str]) -> int:
    """Prints what `/health/ready`, or another address, says. Returns 0 when it answered with a
    200, otherwise 1."""
    parser = argparse.ArgumentParser(
        prog="padfleet probe", description="Ask a process whether it is ready; exit code 1 if not."
    )
    parser.add_argument(
        "url",
        metavar="URL",
        help="address of the process, such as http://127.0.0.1:9001; without a path, /health/ready "
        "is asked",
    )
    parser.add_argument(
        "--timeout", type=float, default=2.0, metavar="S", help="seconds to wait [default 2]"
    )
    parser.add_argument(
        "--wait",
        type=float,
        default=0.0,
        metavar="S",
        help="keep asking for up to this many seconds until it is ready [default 0]",
    )
    parser.add_argument(
        "--process",
        type=int,
        metavar="PID",
        help="with --wait: give up as soon as this process on this machine has ended",
    )
    given = parser.parse_args(argv)
    where = urlsplit(given.url)
    if where.scheme != "http" or not where.hostname:
        parser.error(f"{given.url!r} is not an address such as http://127.0.0.1:9001")
    deadline = time.monotonic() + given.wait
    while True:
        well, said = _ask(given.url, where, given.timeout)
        if well or time.monotonic() >= deadline:
            break
        if given.process is not None and not is_alive(given.process):
            said = f"padfleet probe: process {given.process} has ended; its log says why"
            break
        time.sleep(_PAUSE)
    print(said)
    return _WELL if well else _UNWELL


def _ask(url: str, where: SplitResult, timeout: float) -> tuple[bool, str]:
    """Returns whether the process is well, and what it says."""
    # Not urllib: that would go through a proxy which the environment names.
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=timeout)
    try:
        connection.request("GET", where.path if where.path != "" else "/health/ready")
        response = connection.getresponse()
        body = response.read(_LONGEST).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException) as error:
        return False, f"padfleet probe: {url} does not answer: {error}"
    finally:
        connection.close()
    return response.status == http.client.OK, f"{response.status} {body}"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
