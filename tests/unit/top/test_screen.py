from __future__ import annotations

import pytest

from padfleet.services.tools.top.screen import bars, screen, size
from padfleet.services.tools.top.table import TableColumn, cells, cut, fit, plain, rows, wrapped
from padfleet.shared.fleet.findings import findings
from padfleet.shared.fleet.record import BusyPads, TaskLine
from padfleet.shared.fleet.snapshot import FleetSnapshot
from padfleet.shared.fleet.viewing import view_of
from tests.unit.fleet.made_up import point, process, snapshot, standing


def drawn(now: FleetSnapshot, width: int = 120, *, colour: bool = False) -> list[str]:
    seen = view_of(now)
    return list(screen(seen, findings(seen), width=width, colour=colour))


def busy_fleet() -> FleetSnapshot:
    past = [point(at, sockets=1204, frames=at * 900, bytes=at * 10**6) for at in (0, 10, 20)]
    hot = BusyPads("evil\x1b[2J漢字漢字漢字", 300, 200, 450, 12)
    name = "a-very-long-host-name-of-some-provider-0123456789"
    return snapshot(
        [
            process("worker", name, past, busiest=[hot]),
            process("worker", "fanout-2", past, why={"draining": "about to end"}),
            process("writer", "writer-1", [point(0), point(10, revisions=120, latency=8)]),
        ],
        [standing(0), standing(1, "writer-2", -12)],
    )


def test_what_is_wrong_comes_first() -> None:
    lines = drawn(busy_fleet())
    assert lines[0].startswith("Not everybody is served")
    assert lines[1] == "!! partition 1 has no owner for 12 s; writer writer-2 had it last"
    assert any(line.startswith(" . worker fanout-2 (host:9001): draining, 1204") for line in lines)


def test_each_task_has_a_line() -> None:
    lines = [TaskLine("liveness", 1, 2, 1500, ""), TaskLine("subscriptions", 3, 0, 0, "")]
    fleet = snapshot([process("worker", name, tasks=lines) for name in ("fanout-1", "fanout-2")])
    text = drawn(fleet)
    at = text.index("Tasks")
    assert [line.split() for line in text[at + 1 : at + 4]] == [
        ["TASK", "RUNNING", "PROCESSES", "RESTARTS", "LATE"],
        ["worker:", "liveness", "2", "2", "4", "1.5", "s"],
        ["worker:", "subscriptions", "6", "2", "0", "-"],
    ]


@pytest.mark.parametrize("width", [24, 40, 60, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    for line in drawn(busy_fleet(), width):
        assert cells(line) <= width, line


def test_names_stay_longest_on_a_narrow_terminal() -> None:
    text = "\n".join(drawn(busy_fleet(), 40))
    assert "STATE" in text
    assert "draining" in text
    assert "VERSION" not in text


def test_a_name_cannot_steer_the_terminal() -> None:
    text = "\n".join(drawn(busy_fleet()))
    assert "\x1b" not in text
    assert "evil\ufffd[2J漢字" in text
    assert plain("a\u202eb\r\n\x9bc") == "a\ufffdb\ufffd\ufffd\ufffdc"


def test_colours_only_where_they_are_wanted() -> None:
    assert drawn(busy_fleet(), colour=True)[0].startswith("\x1b[1;31mNot everybody")
    assert drawn(snapshot(), colour=True)[0].startswith("\x1b[1;32mEverybody")


def test_everything_is_there_on_a_wide_one() -> None:
    text = "\n".join(drawn(busy_fleet(), 200))
    for words in ("2,408 sockets", "12 revisions/s", "1,800 messages/s", "2.0 MB/s"):
        assert words in text, words
    assert "1 of 2 have an owner" in text
    assert "without: 1 (12 s)" in text
    assert "writer-1: 0" in text


def test_an_empty_fleet_is_drawn() -> None:
    assert drawn(snapshot([], []))[0].startswith("Not everybody is served")


def test_a_table_gives_up_columns_before_names() -> None:
    columns = [
        TableColumn[str]("NAME", lambda name: name, 9, left=True),
        TableColumn[str]("LENGTH", lambda name: str(len(name)), 5),
        TableColumn[str]("UPPER", str.upper, 1, left=True),
    ]
    assert list(rows(columns, ["ada"], 40)) == ["NAME  LENGTH  UPPER", "ada        3  ADA"]
    assert list(rows(columns, ["ada"], 15)) == ["NAME  LENGTH", "ada        3"]
    assert list(rows(columns, ["ada lovelace " * 3], 24)) == [
        "NAME              LENGTH",
        "ada lovelace ad…      39",
    ]
    assert list(rows(columns, ["ada"], 2)) == ["N…", "a…"]


def test_words_are_cut_by_cells() -> None:
    assert cut("漢字漢字", 5) == "漢字…"
    assert cells(fit("漢字漢字", 6)) == 6
    assert cells("e\u0301") == 1
    assert list(wrapped("one two three", 8, 2)) == ["one two", "  three"]
    assert list(wrapped("x" * 20, 8, 0)) == ["xxxxxxx…"]
    assert list(wrapped("", 8, 0)) == [""]


def test_figures_are_short_on_the_screen() -> None:
    assert bars([None, 0, 1, 8]) == "·▁▂█"
    assert bars([0, 0]) == "▁▁"
    assert [size(n) for n in (7, 1500, 34_000, 2_000_000, 5e9)] == [
        "7 B",
        "1.5 kB",
        "34 kB",
        "2.0 MB",
        "5.0 GB",
    ]


def test_both_halves_of_a_node_say_what_they_are() -> None:
    halves = [process("worker", "host-1"), process("writer", "host-1")]
    lines = drawn(snapshot([*halves, process("worker", "fanout-2")]))
    assert sum(line.startswith("host-1 (node) ") for line in lines) == 2
    assert any(line.startswith("fanout-2  ") for line in lines)
