"""`padfleet fanout`: one fan-out worker."""

import sys

from services.fanout.app import run
from shared.process import run_process
from shared.settings import FanoutSettings


def main(argv: list[str]) -> int:
    return run_process("fanout", FanoutSettings, run, argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
