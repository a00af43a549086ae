"""Logging: both formats, extra fields, and lines that cannot be forged."""

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
def test_a_traceback_is_kept(style: LogFormat) -> None:
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
