"""Runs `padfleet writer`, one writer process."""

import sys

from padfleet.services.writer.app import run
from padfleet.shared.process import run_process
from padfleet.shared.settings import WriterSettings


def main(argv: list[str]) -> int:
    return run_process("writer", WriterSettings, run, argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
