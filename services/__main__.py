"""The program `padfleet`: one command for each service and tool.

A command is a module `services.<name>.__main__` with `main(argv) -> exit code`. It is imported only
when it runs: a writer has no use for the libraries of the fan-out worker, and a broken import in
one does not take the others down.
"""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Sequence
from typing import Final

from services import __version__

COMMANDS: Final[dict[str, str]] = {
    "up": "run a whole fleet on this machine, to try it or to develop",
    "fanout": "run a fan-out worker: it holds the sockets of the clients",
    "writer": "run a writer: it turns submissions into revisions",
    "plan": "say how many machines so many people need, and which limit asks for them",
    "top": "show a fleet live: who is served, what is stuck, where the load is",
    "doctor": "check whether a Redis is fit for a fleet, and say what to change",
    "probe": "ask a process whether it is ready; for health checks",
    "backup": "write pads to files while the fleet runs",
    "restore": "bring pads back from such files",
    "import": "bring pads from an Etherpad: its database, its HTTP API, or .etherpad files",
    "export": "write pads as .etherpad files",
    "verify": "check that what is stored of each pad fits together, and what a backup is of",
    "pad": "read, write and watch a pad from the command line",
    "shout": "show a notice to everybody who has a pad open",
    "loadtest": "put thousands of clients on a server, padfleet or Etherpad, and measure it",
    "replay": "replay a recorded editing session through real sockets, and compare all texts",
    "vectors": "check the changeset engine against recorded results of Etherpad's",
}

_MODULES: Final = {"import": "importing"}
"""Where a command's module has another name than the command, which Python keeps for itself."""

_USAGE_ERROR: Final = 2
_INTERRUPTED: Final = 130  # 128 + SIGINT, as shells count


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that `argv` names (of this process, unless given); returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in ("-h", "--help", "help"):
        print(_usage())
        return 0
    if words[0] == "--version":
        print(f"padfleet {__version__}")
        return 0
    name, rest = words[0], words[1:]
    if name not in COMMANDS:
        print(f"padfleet: {_no_such(name)}", file=sys.stderr)
        return _USAGE_ERROR
    try:
        command = importlib.import_module(f"services.{_MODULES.get(name, name)}.__main__")
        code = command.main(rest)
    except KeyboardInterrupt:
        return _INTERRUPTED
    return int(code)


def _usage() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {summary}" for name, summary in COMMANDS.items()]
    return "\n".join(
        [
            "usage: padfleet COMMAND [OPTION ...]",
            "       padfleet --help | --version",
            "",
            "commands:",
            *lines,
            "",
            "padfleet COMMAND --help lists the options of a command.",
        ]
    )


def _no_such(name: str) -> str:
    what = "no such option" if name.startswith("-") else "no such command"
    close = difflib.get_close_matches(name, COMMANDS, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else "padfleet --help lists them."
    return f"{what}: {name!r}; {hint}"


if __name__ == "__main__":
    raise SystemExit(main())
