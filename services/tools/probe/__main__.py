"""The command `padfleet probe`."""

from __future__ import annotations

import argparse
import http.client
import sys
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

_WELL: Final = 0
_UNWELL: Final = 1
_LONGEST: Final = 2000  # characters of an answer that are shown: Docker keeps 4096 bytes of them


def main(argv: Sequence[str]) -> int:
    """Prints what `/health/ready`, or another address, says. Returns 0 when it answered with a
    200, otherwise 1."""
    parser = argparse.ArgumentParser(
        prog="padfleet probe", description="Ask a process whether it is well; exit code 1 if not."
    )
    parser.add_argument(
        "url",
        metavar="URL",
        help="of the process, as http://127.0.0.1:9001; without a path, /health/ready is asked",
    )
    parser.add_argument(
        "--timeout", type=float, default=2.0, metavar="S", help="seconds to wait [default 2]"
    )
    given = parser.parse_args(argv)
    where = urlsplit(given.url)
    if where.scheme != "http" or not where.hostname:
        parser.error(f"{given.url!r} is not an address such as http://127.0.0.1:9001")
    # Not urllib: that would go through a proxy which the environment names.
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=given.timeout)
    try:
        connection.request("GET", where.path if where.path != "" else "/health/ready")
        response = connection.getresponse()
        body = response.read(_LONGEST).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException) as error:
        print(f"padfleet probe: {given.url} does not answer: {error}")
        return _UNWELL
    finally:
        connection.close()
    print(f"{response.status} {body}")
    return _WELL if response.status == http.client.OK else _UNWELL


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
