"""Tests logging: both formats, extra fields, and lines that cannot be forged."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from padfleet.shared import logs
from padfleet.shared.settings import LogFormat

FORMATS: tuple[LogFormat, ...] = ("text", "json")


@pytest.fixture(autouse=True)
def _root_logger_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_text_has_the_extra_fields_as_words() -> None:
    stream = io.StringIO()
    logs.configure("info", "text", "writer", stream)
    extra = {"pad": "a b", "rev": 7, "share": 0.123456789, "empty": ""}
    logging.getLogger("x").warning("lease %s", "taken", extra=extra)
    line = stream.getvalue()
    assert line.endswith('warning writer lease taken pad="a b" rev=7 share=0.123457 empty=""\n')


def test_json_has_them_as_keys() -> None:
    stream = io.StringIO()
    logs.configure("info", "json", "writer", stream)
    logging.getLogger("x").info("taken", extra={"partition": 7, "level": "forged", "odd": {1}})
    line: dict[str, Any] = json.loads(stream.getvalue())
    assert line["message"] == "taken"
    assert line["partition"] == 7
    assert line["level"] == "info"
    assert line["process"] == "writer"
    assert line["odd"] == "{1}"
    assert line["time"].endswith("Z")


@pytest.mark.parametrize("style", FORMATS)
def test_a_newline_in_a_message_makes_no_second_line(style: LogFormat) -> None:
    stream = io.StringIO()
    logs.configure("info", style, "writer", stream)
    logging.getLogger("x").info("pad a\nfake", extra={"pad": "a\nfake=1"})
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize("style", FORMATS)
def test_a_traceback_is_logged_whole(style: LogFormat) -> None:
    stream = io.StringIO()
    logs.configure("info", style, "writer", stream)
    try:
        raise RuntimeError("boom")
    except RuntimeError:
        logging.getLogger("x").exception("failed")
    assert "RuntimeError: boom" in stream.getvalue()


def test_auto_is_text_on_a_terminal_only() -> None:
    assert logs.resolve_format("auto", Terminal()) == "text"
    assert logs.resolve_format("auto", io.StringIO()) == "json"
    assert logs.resolve_format("json", Terminal()) == "json"


def test_the_level_holds_and_configuring_again_replaces() -> None:
    first, second = io.StringIO(), io.StringIO()
    logs.configure("info", "text", "writer", first)
    logs.configure("warning", "text", "writer", second)
    logging.getLogger("x").info("quiet")
    logging.getLogger("x").error("loud")
    assert first.getvalue() == ""
    assert "quiet" not in second.getvalue()
    assert "loud" in second.getvalue()


class Repeated:
    """Records which of the logged lines pass the filter, at times that the test chooses."""

    def __init__(self) -> None:
        self.now = 0.0
        self.passed: list[logging.LogRecord] = []
        self._filter = logs.LeaveOutRepetitions(lambda: self.now)

    def say(self, times: int, text: str = "away", level: int = logging.WARNING) -> int:
        before = len(self.passed)
        for number in range(times):
            record = logging.LogRecord("x", level, "", 0, text, (), None)
            record.partition = number
            if self._filter.filter(record):
                self.passed.append(record)
        return len(self.passed) - before


def test_warnings_alike_are_left_out_after_some() -> None:
    log = Repeated()
    assert log.say(10) == 10
    assert "left out for 10 s" in vars(log.passed[-1])["and_then"]
    assert log.say(500) == 0
    log.now = 9.9
    assert log.say(1) == 0
    log.now = 10.0
    assert log.say(1) == 1
    assert vars(log.passed[-1])["left_out"] == 501
    log.now = 30.0
    assert log.say(1) == 1
    assert not hasattr(log.passed[-1], "left_out")


def test_other_warnings_and_errors_pass() -> None:
    log = Repeated()
    log.say(100)
    assert log.say(1, "something else") == 1
    assert log.say(100, level=logging.ERROR) == 100
    assert log.say(100, level=logging.INFO) == 100


def test_what_strangers_cause_does_not_fill_the_log() -> None:
    """Each malformed request is a line: ten thousand a second were 3 MB a second."""
    log = Repeated()
    assert log.say(50_000, level=logging.INFO) == 1000
    assert "left out for 10 s" in vars(log.passed[-1])["and_then"]
    log.now = 10.0
    assert log.say(1, level=logging.INFO) == 1
    assert vars(log.passed[-1])["left_out"] == 49_000


def test_messages_without_end_take_no_memory_without_end() -> None:
    log = Repeated()
    assert sum(log.say(1, f"odd {number}") for number in range(5000)) == 5000
    assert len(log._filter._seen) <= logs.LeaveOutRepetitions.KINDS


def test_each_process_leaves_them_out() -> None:
    stream = io.StringIO()
    logs.configure("info", "json", "writer", stream)
    for number in range(50):
        logging.getLogger("x").warning("lease not maintained", extra={"partition": number})
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(lines) == 10
    assert lines[-1]["and_then"] == "more of these are left out for 10 s"
