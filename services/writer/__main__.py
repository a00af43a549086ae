"""`padfleet writer`: one writer process."""

import os
import sys

import uvloop

from services.writer.app import run
from shared.log.connect import UNREACHABLE
from shared.log.pads import PartitionMismatch
from shared.logs import configure
from shared.settings import WriterSettings, load, mask


def main(argv: list[str]) -> int:
    settings = load(WriterSettings, "padfleet writer", argv, os.environ)
    configure(settings.log_level, settings.log_format, "writer")
    try:
        uvloop.run(run(settings))
    except PartitionMismatch as error:
        print(f"padfleet writer: {error}", file=sys.stderr)
        return 2
    except UNREACHABLE as error:
        where = mask(settings.redis_url)
        print(f"padfleet writer: cannot use Redis at {where}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
