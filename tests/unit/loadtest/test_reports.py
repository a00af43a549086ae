"""Reports: kept whole, merged, and shown."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import pytest

from padfleet.services.tools.loadtest.chart import Chart, ChartLine
from padfleet.services.tools.loadtest.measure import Latency
from padfleet.services.tools.loadtest.plan import LoadStep
from padfleet.services.tools.loadtest.report_html import as_html
from padfleet.services.tools.loadtest.report_text import as_csv, as_markdown, readable
from padfleet.services.tools.loadtest.results import (
    BadReport,
    LoadReport,
    MeasuredServer,
    RigProcess,
    StepResult,
    merged,
)
from padfleet.services.tools.loadtest.sample import Sample
from padfleet.services.tools.loadtest.tally import LoadTally


def a_step(authors: int, *, cpu_s: float = 1.0, ack_ms: int = 20) -> StepResult:
    tally = LoadTally()
    tally.counts.accepted, tally.counts.delivered = 100, 6000
    tally.counts.change_frames = 1500
    for number in range(100):
        tally.latencies["ack"].record((ack_ms + number) * 1000)
        tally.latencies["delivery"].record(number * 100)
    delay = Latency()
    delay.record(900, 100)
    return StepResult(
        authors=authors,
        readers=3,
        rate=0.2,
        seconds=10.0,
        connected=authors + 3,
        unaccepted=2,
        oldest_ms=15.0,
        tally=tally,
        rig=[RigProcess("process 1", cpu_s, 10.0, delay)],
        servers={"writer": MeasuredServer(2.0, 50 << 20), "worker": MeasuredServer(3.0, 60 << 20)},
        busy_cores=1.5,
    )


def a_report(*steps: StepResult) -> LoadReport:
    sample = Sample(seconds=1.0, tally=steps[0].tally, rig=steps[0].rig, connected=5)
    step = LoadStep(50, 3, 0.2, 10)
    return LoadReport(
        "one & <two>",
        "2026-01-02T03:04:05Z",
        {"cores": 2},
        {"arguments": ["--url", "x"]},
        steps=list(steps),
        timeline=[sample.entry(at, "measuring", step, {"writer": 0.2}) for at in (1.0, 2.0, 3.0)],
        verified="1 pads",
    )


def test_a_report_is_kept_whole(tmp_path: Path) -> None:
    report = a_report(a_step(50), a_step(100, cpu_s=9.9))
    report.save(tmp_path / "report.json")
    there = LoadReport.load(tmp_path / "report.json")
    assert there.steps[0].jsonable() == report.steps[0].jsonable()
    assert as_csv(there) == as_csv(report)
    assert as_html(there) == as_html(report)
    there.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == (tmp_path / "report.json").read_text()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "padfleet-loadtest/1"}', '"x"'])
def test_what_is_no_report(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(BadReport, match=r"x\.json is not"):
        LoadReport.load(path)


def test_merged_reports_are_those_of_one_larger_rig() -> None:
    one, other = a_report(a_step(50)), a_report(a_step(70, ack_ms=500), a_step(140))
    other.violations = Counter({"revision missing": 1})
    both = merged([one, other])
    (step,) = both.steps
    assert (step.authors, step.readers, step.connected) == (120, 6, 126)
    assert step.tally.counts.delivered == 12_000
    assert step.per_second(step.tally.counts.accepted) == 20
    assert step.tally.latencies["ack"].count == 200
    assert step.tally.latencies["ack"].ms(100) == pytest.approx(599, rel=0.01)
    assert step.servers["writer"].cpu_s == 4.0
    assert [process.name for process in step.rig] == ["rig 1 process 1", "rig 2 process 1"]
    assert not both.sound
    assert "only the first 1 steps are in all reports" in both.notes
    as_html(both)


def test_rigs_that_did_something_else_are_not_merged() -> None:
    other = a_step(50)
    other.rate = 5
    with pytest.raises(BadReport, match="rates differ"):
        merged([a_report(a_step(50)), a_report(other)])


def test_a_rig_that_is_itself_the_limit_says_so() -> None:
    idle, busy, late = a_step(50), a_step(50, cpu_s=9.0), a_step(50)
    late.rig[0].delay.record(80_000, 50)
    assert idle.saturated == []
    assert busy.saturated == ["process 1 used 90% of a core"]
    assert "80 ms late" in late.saturated[0]
    text = as_markdown(a_report(idle, busy))
    assert "**Rig saturated** at 50 authors" in text
    assert "<tr class=saturated>" in as_html(a_report(idle, busy))
    assert "saturated>" not in as_html(a_report(idle)).partition("<h1>")[2]


def test_csv_has_the_numbers() -> None:
    (row,) = csv.DictReader(as_csv(a_report(a_step(50))).splitlines())
    assert row["authors"] == "50"
    assert row["commits_s"] == "10"
    assert row["delivered_s"] == "600"
    assert row["revisions_per_frame"] == "4"
    assert float(row["ack_p50_ms"]) == pytest.approx(69, rel=0.02)
    assert row["delivered_per_server_cpu_s"] == "1200"
    assert row["writer_cpu_s"] == "2"
    assert row["writer_resident_bytes"] == str(50 << 20)
    assert row["join_p95_ms"] == ""


def test_markdown_says_what_went_wrong_first() -> None:
    report = a_report(a_step(50))
    assert "Agreement in the end: 1 pads." in as_markdown(report)
    report.violations["revision missing"] = 3
    report.errors["userdup"] = 2
    report.differences = ["pad: two full clients differ"]
    text = as_markdown(report)
    assert "Agreement" not in text
    order = [
        text.index(part) for part in ("two full clients differ", "revision missing", "userdup")
    ]
    assert order == sorted(order)


def test_the_page_stands_alone_and_escapes_what_it_shows() -> None:
    report = a_report(a_step(50), a_step(100), a_step(150))
    report.errors["<script>"] = 1
    page = as_html(report)
    assert "<script" not in page
    assert "one &amp; &lt;two&gt;" in page
    for outside in ("http://", "https://", "src=", "@import"):
        assert outside not in page
    drawn = page.split("<svg")[1:]
    assert len(drawn) >= 10
    for svg in drawn:
        parsed("<svg" + svg.partition("</svg>")[0] + "</svg>")
    assert "prefers-color-scheme: dark" in page


def test_a_single_step_has_no_curve_by_step() -> None:
    page = as_html(a_report(a_step(50)))
    assert "<h2>By step</h2>" not in page
    assert "<h2>By time</h2>" in page


def parsed(svg: str) -> ET.Element:
    """Raises when it is not well-formed."""
    return ET.fromstring(svg)  # noqa: S314  # we have written it ourselves


def points(svg: str) -> list[tuple[float, float]]:
    found = parsed(svg).iter("circle")
    return [(float(mark.attrib["cx"]), float(mark.attrib["cy"])) for mark in found]


def test_a_chart_puts_points_where_they_belong() -> None:
    svg = Chart("t", "x", "y", [ChartLine("a", [(0, 0), (5, 10), (10, 20)])]).svg()
    (x0, y0), (x1, y1), (x2, y2) = points(svg)
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2)
    assert y0 - y1 == pytest.approx(y1 - y2, abs=0.2)
    assert y0 > y2


def test_a_logarithmic_chart_has_equal_steps_for_equal_factors() -> None:
    svg = Chart("t", "x", "y", [ChartLine("a", [(0, 1), (1, 10), (2, 100)])], may_be_log=True).svg()
    (_, y0), (_, y1), (_, y2) = points(svg)
    assert y0 - y1 == pytest.approx(y1 - y2, abs=0.2)


def test_gaps_in_a_line_stay_gaps() -> None:
    svg = Chart("t", "x", "y", [ChartLine("a", [(0, 1), (1, None), (2, 3), (3, 4)])]).svg()
    path = next(p for p in parsed(svg).iter("path") if "line" in p.attrib["class"])
    assert path.attrib["d"].count("M") == 2


def test_a_chart_with_nothing_to_draw_is_empty() -> None:
    assert Chart("t", "x", "y", []).svg() == ""
    assert Chart("t", "x", "y", [ChartLine("a", [(1, 5)])]).svg() == ""
    assert Chart("t", "x", "y", [ChartLine("a", [(1, None), (2, None)])]).svg() == ""
    flat = Chart("t", "x", "y", [ChartLine("a", [(1, 0), (2, 0)])]).svg()
    assert len(points(flat)) == 2


def test_numbers_are_rounded_for_readers() -> None:
    assert [readable(value) for value in (None, 0.01234, 12.345, 1234.5)] == [
        "–",
        "0.0123",
        "12.3",
        "1,234",
    ]


def test_the_file_says_what_form_it_has(tmp_path: Path) -> None:
    a_report(a_step(50)).save(tmp_path / "r.json")
    data = json.loads((tmp_path / "r.json").read_text())
    assert data["format"] == "padfleet-loadtest/1"
    assert data["steps"][0]["summary_ms"]["ack"]["p95"] > 0
