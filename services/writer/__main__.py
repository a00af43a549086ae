"""`padfleet writer`: one writer process."""

import sys

from services.writer.app import run
from shared.process import run_process
from shared.settings import WriterSettings


def main(argv: list[str]) -> int:
    return run_process("writer", WriterSettings, run, argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
