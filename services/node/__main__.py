"""Runs `padfleet node`, a fan-out worker and a writer in one process."""

import sys

from padfleet.services.node.app import run
from padfleet.shared.process import run_process
from padfleet.shared.settings import NodeSettings


def main(argv: list[str]) -> int:
    return run_process("node", NodeSettings, run, argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
