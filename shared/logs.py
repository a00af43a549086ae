"""This module sets up the logging of a process: compact text for people, one JSON object per line
for machines.

Facts go into `extra`, not into the message: `log.info("lease taken", extra={"partition": 7})` is `…
lease taken partition=7` or `{…, "message": "lease taken", "partition": 7}`. Messages thus stay the
same from one time to the next, and can be counted. Texts of pads and secrets are never logged.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from padfleet.shared.settings import LogFormat, LogLevel

_LEVELS: Final = {
    "warning": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "error": logging.ERROR,
}

# These are a record's own attributes; all others on it came in through `extra`.
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def configure(
    level: LogLevel, format: LogFormat, process_name: str, stream: TextIO | None = None
) -> None:
    """Sets up the root logger of this process, and replaces any earlier setup.

    `stream` is standard error unless given. `process_name` is on every line ("writer").
    """
    stream = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        TextFormatter(process_name)
        if resolve_format(format, stream) == "text"
        else JsonFormatter(process_name)
    )
    handler.addFilter(LeaveOutRepetitions())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_LEVELS[level])
    # A line for each request, including the load balancer's probes, is not news.
    access = logging.DEBUG if level == "debug" else logging.WARNING
    logging.getLogger("aiohttp.access").setLevel(access)
    logging.getLogger("aiohttp.server").filters[:] = [_BriefOnBadRequests()]
    logging.captureWarnings(True)
    # What no line of ours says need not be found out for each record: two thirds of its cost.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


class LeaveOutRepetitions(logging.Filter):
    """Lets a message pass some times within some seconds, and leaves out repetitions of it.

    While Redis is unreachable or its disk is full, there is a warning for each partition and each
    room twice a second, and anybody may send thousands of malformed requests a second, each of
    which is worth a line. A log that fills the disk helps nobody. Two messages are the same
    whatever facts come with them, since their texts do not change from one time to the next. The
    last one that passes says so (`and_then`), and the next one says later how many were left out
    (`left_out`). All errors pass, since each may be about another pad.
    """

    AT_ONCE: Final = {logging.WARNING: 10, logging.INFO: 1000}
    """How often a message passes, by its level. A busy worker has a hundred joins a second."""

    SECONDS = 10.0
    KINDS = 1000  #: how many messages are counted separately, including those of other libraries

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._seen: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        most = self.AT_ONCE.get(record.levelno)
        if most is None:
            return True
        key = (record.name, record.levelno, record.getMessage()[:200])
        now = self._clock()
        began, count = self._seen.get(key, (now, 0))
        if now - began >= self.SECONDS:
            if count > most:
                record.left_out = count - most
            began, count = now, 0
        if count == 0 and len(self._seen) >= self.KINDS:
            self._seen.clear()
        self._seen[key] = began, count + 1
        if count + 1 == most:
            record.and_then = f"more of these are left out for {self.SECONDS:g} s"
        return count < most


class _BriefOnBadRequests(logging.Filter):
    """Reduces what aiohttp logs about a request that is not HTTP to one line, instead of an error
    with a traceback, since anybody can send as many of these as they like."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        # The type is compared by name, since not every process has a server, and importing aiohttp
        # is slow.
        if error is not None and type(error).__module__ == "aiohttp.http_exceptions":
            record.msg, record.args = "malformed HTTP request", ()
            # The text itself is not logged: it quotes the request, which may contain part of a
            # token or a key.
            record.error = type(error).__name__
            record.exc_info = None
            record.levelno, record.levelname = logging.INFO, "INFO"
        return True


def resolve_format(format: LogFormat, stream: TextIO) -> LogFormat:
    """Returns what `auto` means on `stream`: `text` on a terminal, otherwise `json`."""
    if format != "auto":
        return format
    return "text" if stream.isatty() else "json"


class TextFormatter(logging.Formatter):
    """Formats a record as `12:00:01.250 info    writer lease taken partition=7`, in local time."""

    def __init__(self, process_name: str) -> None:
        super().__init__()
        self._process_name = process_name

    def format(self, record: logging.LogRecord) -> str:
        local = datetime.fromtimestamp(record.created, UTC).astimezone()
        moment = local.isoformat(timespec="milliseconds")[11:23]
        words = [moment, f"{record.levelname.lower():<7}", self._process_name]
        words.append(_one_line(record.getMessage()))
        words += [f"{name}={_bare(value)}" for name, value in _extras(record).items()]
        return "\n".join([" ".join(words), *_trace(self, record)])


class JsonFormatter(logging.Formatter):
    """Formats a record as a JSON object on one line, in UTC (RFC 3339). Fields of `extra` cannot
    replace the standard ones."""

    def __init__(self, process_name: str) -> None:
        super().__init__()
        self._process_name = process_name

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "process": self._process_name,
            "pid": os.getpid(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        trace = _trace(self, record)
        if trace:
            line["trace"] = "\n".join(trace)
        return json.dumps(line | _extras(record) | line, default=str, ensure_ascii=False)


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> list[str]:
    trace = []
    if record.exc_info and record.exc_info[0] is not None:
        trace.append(formatter.formatException(record.exc_info))
    if record.stack_info:
        trace.append(formatter.formatStack(record.stack_info))
    return trace


def _one_line(text: str) -> str:
    """Escapes control characters, as a pad's name with a newline in it must not forge a line."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _bare(value: object) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    if text and text.isprintable() and not set(text) & set(' "='):
        return text
    return json.dumps(text, ensure_ascii=False)
