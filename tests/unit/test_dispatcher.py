"""The program `padfleet` itself."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from services import __version__
from services.__main__ import COMMANDS, main


def command(monkeypatch: pytest.MonkeyPatch, name: str, run: object) -> None:
    module = ModuleType(f"services.{name}.__main__")
    vars(module)["main"] = run
    monkeypatch.setitem(sys.modules, f"services.{name}", ModuleType(f"services.{name}"))
    monkeypatch.setitem(sys.modules, module.__name__, module)


@pytest.mark.parametrize("argv", [[], ["--help"], ["-h"], ["help"]])
def test_help_lists_the_commands(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 0
    text = capsys.readouterr().out
    assert all(f"  {name} " in text for name in COMMANDS)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"padfleet {__version__}\n"


def test_an_unknown_command_is_refused_with_what_is_close(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["writr"]) == 2
    assert "did you mean writer" in capsys.readouterr().err
    assert main(["--versoin"]) == 2
    assert "no such option: '--versoin'" in capsys.readouterr().err


def test_a_command_gets_the_rest_and_gives_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    def run(argv: list[str]) -> int:
        seen.append(argv)
        return 7

    command(monkeypatch, "pad", run)
    assert main(["pad", "text", "--json"]) == 7
    assert seen == [["text", "--json"]]


def test_an_interrupt_is_quiet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_argv: list[str]) -> int:
        raise KeyboardInterrupt

    command(monkeypatch, "pad", run)
    assert main(["pad"]) == 130
    assert capsys.readouterr().err == ""
