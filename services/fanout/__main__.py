"""Runs `padfleet fanout`, one fan-out worker."""

import sys

from padfleet.services.fanout.app import run
from padfleet.shared.process import run_process
from padfleet.shared.settings import FanoutSettings


def main(argv: list[str]) -> int:
    return run_process("fanout", FanoutSettings, run, argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
