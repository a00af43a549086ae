"""Tests the program `padfleet` itself."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from padfleet import __version__
from padfleet.__main__ import COMMANDS, main


def command(monkeypatch: pytest.MonkeyPatch, name: str, run: object) -> None:
    package = f"padfleet.services.{COMMANDS[name][0]}"
    module = ModuleType(f"{package}.__main__")
    vars(module)["main"] = run
    monkeypatch.setitem(sys.modules, package, ModuleType(package))
    monkeypatch.setitem(sys.modules, module.__name__, module)


@pytest.mark.parametrize("argv", [[], ["--help"], ["-h"], ["help"]])
def test_help_lists_the_commands(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 0
    text = capsys.readouterr().out
    assert all(f"  {name} " in text for name in COMMANDS)


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
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


@pytest.mark.parametrize("words", [["--help"], ["doctor", "--etherpad", "{file}"], ["--version"]])
def test_a_reader_that_has_seen_enough_ends_a_command_without_a_word(
    words: list[str], tmp_path: Path
) -> None:
    """As with `padfleet … | head -1`."""
    file = tmp_path / "settings.json"
    file.write_text("{}")
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "padfleet", *(word.format(file=file) for word in words)],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


ABORTS = """
import atexit, os, sys
sys.modules["obstore"] = sys
from padfleet import __main__ as padfleet

class Thread:
    def __del__(self):
        os.abort()

sys.of_rust = Thread()
atexit.register(lambda: print("at exit"))
def main():
    print("told")
    {body}
padfleet.main = main
padfleet.program()
"""


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ("return 1", 1, ""),
        ("return 0", 0, ""),
        ("sys.exit('wrong')", 1, "wrong\n"),
        ("raise SystemExit", 0, ""),
        ("raise ValueError('odd')", 1, "ValueError: odd\n"),
    ],
)
def test_a_library_that_aborts_while_python_ends_does_not_do_so(
    body: str, code: int, said: str
) -> None:
    """`padfleet doctor` died with SIGABRT now and then when the bucket was away: a thread of the
    bucket's library was just delivering its answer."""
    ran = subprocess.run(
        [sys.executable, "-c", ABORTS.format(body=body)], capture_output=True, text=True
    )
    assert (ran.returncode, ran.stdout) == (code, "told\nat exit\n"), ran.stderr
    assert ran.stderr.endswith(said)


def test_arguments_that_are_not_utf8_are_refused_unless_they_name_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No pad can have such a name; each command that looked for one ended with a traceback."""
    command(monkeypatch, "pads", lambda argv: len(argv))
    name = os.fsdecode(b"caf\xe9")
    assert main(["pads", "show", name]) == 2
    assert "'caf\\udce9' is not UTF-8, and no file's name" in capsys.readouterr().err
    assert main(["pads", "show", name * 1_000]) == 2
    capsys.readouterr()
    file = tmp_path / name
    file.write_text("")
    assert main(["pads", "show", str(file)]) == 2
    assert capsys.readouterr().err == ""
    assert main(["pads", "a", "b", "😀"]) == 3


def test_an_interrupt_is_quiet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_argv: list[str]) -> int:
        raise KeyboardInterrupt

    command(monkeypatch, "pad", run)
    assert main(["pad"]) == 130
    assert capsys.readouterr().err == ""


def test_every_command_is_there() -> None:
    for package, _ in COMMANDS.values():
        assert importlib.util.find_spec(f"padfleet.services.{package}.__main__"), package


def test_commands_of_development_are_left_out_where_they_are_not_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert "  loadtest " in text
    assert "  replay " not in text
    assert main(["replay"]) == 2
    assert "no such command: 'replay'" in capsys.readouterr().err


def test_what_an_extra_brings_is_asked_for_by_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_argv: list[str]) -> int:
        raise ModuleNotFoundError("No module named 'hdrh'", name="hdrh.histogram")

    command(monkeypatch, "loadtest", run)
    assert main(["loadtest"]) == 2
    assert "pip install 'padfleet[loadtest]'" in capsys.readouterr().err
