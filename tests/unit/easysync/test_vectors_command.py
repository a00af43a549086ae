"""The command `padfleet vectors`."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from padfleet.services.dev.vectors.__main__ import main

GOOD = {"op": "check_rep", "cs": "Z:1>0$", "valid": True}
BAD = {"op": "check_rep", "cs": "Z:1>0$", "valid": False}
RECORDED = Path(__file__).parents[2] / "data" / "easysync-vectors.jsonl.gz"


def written(path: Path, *lines: object) -> str:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return str(path)


def test_all_that_is_recorded_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(RECORDED)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "4080 passed, 0 failed"
    assert any(line.split() == ["compose", "400", "passed", "0", "failed"] for line in lines)


def test_failures_are_listed_with_line_and_op(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "cases", GOOD, BAD, {"op": "no such"}, {"op": "compose"})
    assert main([path]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{path}:2: check_rep: accepted, but Etherpad refuses it"
    assert lines[1] == f"{path}:3: ?: unknown op 'no such'"
    assert lines[2] == f"{path}:4: compose: the case has no 'cs1'"
    assert lines[-1] == "1 passed, 3 failed"


def test_the_list_of_failures_has_an_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([written(tmp_path / "cases", *[BAD] * 50)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 23
    assert lines[20] == "and 30 more failures"
    assert lines[-1] == "0 passed, 50 failed"


def test_no_cases_are_not_a_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([written(tmp_path / "cases")]) == 1
    assert capsys.readouterr().out == "0 passed, 0 failed\n"


def test_gzip_is_told_by_content(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "plain").write_bytes(gzip.compress(json.dumps(GOOD).encode()))
    assert main([str(tmp_path / "plain")]) == 0
    assert main([written(tmp_path / "named.gz", GOOD)]) == 0
    assert capsys.readouterr().out.count("1 passed, 0 failed\n") == 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not JSON: Expecting property name enclosed in double quotes"),
        (b"\xff", "not UTF-8"),
        (b"[" * 100_000, "not JSON that can be read"),
        (b'{"op": 1' + b"0" * 5000 + b"}", "not JSON that can be read"),
        (b"7", "the case is not an object"),
    ],
)
def test_a_line_that_cannot_be_read_is_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: bytes, reason: str
) -> None:
    path = tmp_path / "cases"
    path.write_bytes(b"\n" + line + b"\n" + json.dumps(GOOD).encode())
    assert main([str(path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{path}:2: ?: {reason}")
    assert lines[-1] == "1 passed, 1 failed"


def test_a_file_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken").write_bytes(RECORDED.read_bytes()[:1000])
    (tmp_path / "header").write_bytes(b"\x1f\x8bx")
    for name, reason in [
        ("missing", "No such file"),
        ("", "Is a directory"),
        ("broken", "broken gzip data"),
        ("header", ""),
    ]:
        path = tmp_path / name
        assert main([str(path)]) == 2
        captured = capsys.readouterr()
        assert captured.err.startswith(f"padfleet vectors: {path}: ")
        assert reason in captured.err


def test_the_file_has_to_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2
    assert "usage: padfleet vectors" in capsys.readouterr().err
