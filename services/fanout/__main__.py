"""`padfleet fanout`: one fan-out worker."""

import os
import sys

import uvloop

from services.fanout.app import run
from shared.log.connect import UNREACHABLE
from shared.log.pads import PartitionMismatch
from shared.logs import configure
from shared.settings import FanoutSettings, load, mask


def main(argv: list[str]) -> int:
    settings = load(FanoutSettings, "padfleet fanout", argv, os.environ)
    configure(settings.log_level, settings.log_format, "fanout")
    try:
        uvloop.run(run(settings))
    except PartitionMismatch as error:
        print(f"padfleet fanout: {error}", file=sys.stderr)
        return 2
    except UNREACHABLE as error:
        where = mask(settings.redis_url)
        print(f"padfleet fanout: cannot use Redis at {where}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
