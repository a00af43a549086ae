"""Runs `padfleet loadtest --url URL …`, and `padfleet loadtest --report FILE … --out DIR`."""

import asyncio
import os
import platform
import signal
import sys
from pathlib import Path
from time import gmtime, strftime
from typing import Any

import uvloop

from padfleet.services.tools.loadtest.coordinator import LoadRun, Rig
from padfleet.services.tools.loadtest.driver import NoServer, check
from padfleet.services.tools.loadtest.lines import ChildFailed
from padfleet.services.tools.loadtest.options import BadOptions, parser, run_of, title
from padfleet.services.tools.loadtest.plan import BadPlan
from padfleet.services.tools.loadtest.progress import LoadProgress
from padfleet.services.tools.loadtest.report_html import as_html
from padfleet.services.tools.loadtest.report_text import as_csv, as_markdown
from padfleet.services.tools.loadtest.results import BadReport, LoadReport, merged
from padfleet.services.tools.loadtest.target import BadUrl, LoadTarget


def main(argv: list[str]) -> int:
    """Returns 0 if the run was completed and all clients agreed; 1 if not; 2 if the options are
    invalid."""
    arguments = parser().parse_args(argv)
    try:
        if arguments.report:
            _write(merged([LoadReport.load(path) for path in arguments.report]), arguments.out)
            return 0
        run = run_of(arguments)
    except (BadOptions, BadPlan, BadReport, BadUrl, OSError) as error:
        print(f"padfleet loadtest: {error}", file=sys.stderr)
        return 2
    report = LoadReport(
        title(run),
        strftime("%Y-%m-%dT%H:%M:%SZ", gmtime()),
        _machine(),
        {"arguments": argv, "load": run.load.jsonable()},
    )
    try:
        uvloop.run(_run(run, report))
    except (NoServer, ChildFailed) as error:
        print(f"padfleet loadtest: {error}", file=sys.stderr)
        if report.steps:
            report.notes.append(f"ended early: {error}")
            _write(report, arguments.out)
        return 1
    _write(report, arguments.out)
    for what in report.differences:
        print(f"padfleet loadtest: not the same in the end: {what}", file=sys.stderr)
    for what, count in report.violations.items():
        print(f"padfleet loadtest: broken promise: {what}, {count} times", file=sys.stderr)
    return 0 if report.sound and any(step.connected for step in report.steps) else 1


async def _run(run: LoadRun, report: LoadReport) -> None:
    for number, url in enumerate(run.load.urls):
        await check(LoadTarget.parse(url), run.load.pad_of(number))
    progress = LoadProgress(run.steps)
    rig = Rig(run, report, progress.show)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, rig.stop)
    try:
        await rig.run()
    finally:
        progress.end()


def _write(report: LoadReport, folder: Path | None) -> None:
    print(as_markdown(report))
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    report.save(folder / "report.json")
    (folder / "steps.csv").write_text(as_csv(report))
    (folder / "report.md").write_text(as_markdown(report))
    (folder / "report.html").write_text(as_html(report))
    print(f"written: {folder}/report.json, steps.csv, report.md, report.html", file=sys.stderr)


def _machine() -> dict[str, Any]:
    return {
        "system": f"{platform.system()} {platform.release()}",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
