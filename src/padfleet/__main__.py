"""The program `padfleet`: one command for each service and tool.

A command is a package below `padfleet.services` whose `__main__` has `main(argv) -> exit code`. It
is imported only when it runs: a writer has no use for the libraries of the fan-out worker, and a
broken import in one does not take the others down.
"""

from __future__ import annotations

import atexit
import difflib
import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn

from padfleet import __version__

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "up": ("tools.up", "run a whole fleet on this machine, to try it out or to develop"),
    "fanout": ("fanout", "run a fan-out worker, which holds the sockets of the clients"),
    "writer": ("writer", "run a writer, which turns submissions into revisions"),
    "node": ("node", "run a fan-out worker and a writer in one process, for a small fleet"),
    "plan": (
        "tools.plan",
        "say how many machines a number of people needs, and which limit decides it",
    ),
    "top": ("tools.top", "show a fleet live: who is served, what is stuck, where the load is"),
    "doctor": ("tools.doctor", "check whether a Redis is fit for a fleet, and say what to change"),
    "probe": ("tools.probe", "ask a process whether it is ready; for health checks"),
    "backup": ("tools.backup", "write pads to files while the fleet runs"),
    "restore": ("tools.restore", "restore pads from such files"),
    "import": (
        "tools.importing",
        "import pads from an Etherpad: its database, its HTTP API, or .etherpad files",
    ),
    "export": ("tools.export", "write pads as .etherpad files, or to a running Etherpad"),
    "verify": (
        "tools.verify",
        "check that what is stored for each pad, or in a backup, is consistent",
    ),
    "pad": ("tools.pad", "read, write and watch a pad from the command line"),
    "pads": (
        "tools.pads",
        "list pads and who is on them; delete, move and copy them, disconnect people",
    ),
    "audit": ("tools.audit", "read what operators and other systems have done to pads"),
    "prune": ("tools.prune", "delete pads that nobody has used for long"),
    "shout": ("tools.shout", "show a notice to everybody who has a pad open"),
    "loadtest": (
        "tools.loadtest",
        "connect thousands of clients to a server, padfleet or Etherpad, and measure it",
    ),
    "replay": (
        "dev.replay",
        "replay a recorded editing session through real sockets, and compare all texts",
    ),
    "vectors": ("dev.vectors", "check the changeset engine against recorded results of Etherpad's"),
}
"""By name: the package below `padfleet.services`, and what the command is for. Those of `dev` are
not in what a wheel installs."""

EXTRAS: Final = {"hdrh": "loadtest"}
"""Modules that come only with an extra of the package, and with which."""

_UNREAD: Final = 1
_USAGE_ERROR: Final = 2
_INTERRUPTED: Final = 130  # 128 + SIGINT, as shells count


ABORTING: Final = ("obstore",)
"""Modules with threads of their own, not Python's, that call into Python. If one of these threads
does so while the interpreter is being finalized, Python (up to 3.13) ends the thread by unwinding
its stack, which code in Rust answers by aborting the whole process. It happens where an answer was
delivered just before the end, such as that the bucket is away."""


def program() -> NoReturn:
    """Runs the command that this process was started for, and ends the process with its exit
    code."""
    try:
        code = main()
    except SystemExit as ended:
        code = _code_of(ended)
    except BaseException:
        if not _may_abort():
            raise
        traceback.print_exc()
        code = 1
    if _may_abort():
        _leave(code)
    raise SystemExit(code)


def _may_abort() -> bool:
    return any(name in sys.modules for name in ABORTING)


def _code_of(ended: SystemExit) -> int:
    if ended.code is None or isinstance(ended.code, int):
        return ended.code or 0
    print(ended.code, file=sys.stderr)
    return 1


def _leave(code: int) -> NoReturn:
    """Ends the process without finalizing the interpreter, after what is done before that."""
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command that `argv` names, by default this process's. Returns the exit code."""
    try:
        try:
            return _run(list(sys.argv[1:] if argv is None else argv))
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads the output, as `head` does, has seen enough and closed it. Python flushes
        # once more at its end, and would complain then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _UNREAD


def _run(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        print(_usage())
        return 0
    if words[0] == "--version":
        print(f"padfleet {__version__}")
        return 0
    name, rest = words[0], words[1:]
    if name not in _here():
        print(f"padfleet: {_no_such(name)}", file=sys.stderr)
        return _USAGE_ERROR
    for word in rest:
        if not _is_utf8(word) and not _is_file(word):
            print(f"padfleet {name}: {word!r} is not UTF-8, and no file's name", file=sys.stderr)
            return _USAGE_ERROR
    try:
        command = importlib.import_module(f"padfleet.services.{COMMANDS[name][0]}.__main__")
        code = command.main(rest)
    except ModuleNotFoundError as error:
        extra = EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        needed = f"it needs more than is installed: pip install 'padfleet[{extra}]'"
        print(f"padfleet {name}: {needed}", file=sys.stderr)
        return _USAGE_ERROR
    except KeyboardInterrupt:
        return _INTERRUPTED
    return int(code)


def _is_utf8(word: str) -> bool:
    """Returns whether an argument is UTF-8. Python hands on others with half characters in place of
    their bytes, and no name of a pad, an author or a text can have those."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_file(word: str) -> bool:
    try:
        return Path(word).exists()
    except OSError:  # it is too long for a name
        return False


def _here() -> dict[str, str]:
    """Returns the commands that are installed, each with what it is for."""
    development = importlib.util.find_spec("padfleet.services.dev") is not None
    return {
        name: summary
        for name, (package, summary) in COMMANDS.items()
        if development or not package.startswith("dev.")
    }


def _usage() -> str:
    commands = _here()
    width = max(map(len, commands))
    lines = [f"  {name:<{width}}  {summary}" for name, summary in commands.items()]
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
    close = difflib.get_close_matches(name, _here(), n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else "padfleet --help lists them."
    return f"{what}: {name!r}; {hint}"


if __name__ == "__main__":
    program()
