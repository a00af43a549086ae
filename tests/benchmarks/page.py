"""How soon one can write on the page, on a phone: make bench BENCH=page

A pad of 200 KB (several authors, formats and links) beside an empty one, each opened afresh in
headless Chromium on 390×844 with its CPU slowed down by four. What is measured is the time from the
navigation on until a letter that is typed as soon as there is an editor has been painted; and what
the main thread did until then, in ms of its slowed-down time: its tasks by the clock, and by the
CPU time that they took, which says more where other programs want the same cores.
`--slower 1` measures without the slowing down.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.client import connect
from padfleet.shared.easysync import make_splice
from tests.benchmarks.figures import Report, parser
from tests.browser.browser import PHONE, Browser, Page, chromium, missing, start
from tests.eventually import eventually_sync
from tests.fleet import Fleet

SLOWER: Final = 4
LETTERS: Final = 200_000

TYPE: Final = """
addEventListener('DOMContentLoaded', () => new MutationObserver((_, watch) => {
  const text = document.querySelector('#editor .cm-content');
  if (text === null || !document.body.classList.contains('ready')) return;
  watch.disconnect();
  window.readyAt = performance.now();
  text.focus();
  document.execCommand('insertText', false, 'x');
  requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel(); // what comes after the frame has been painted
    port1.onmessage = () => { window.typedAt = performance.now(); performance.mark('typed'); };
    port2.postMessage(null);
  });
}).observe(document.body, { attributes: true, childList: true, subtree: true }));
"""


async def fill(url: str) -> None:
    """Writes 200 KB by eight people: lines of prose with a link, each with some words in bold."""
    line = "Nobody has looked at this since spring, and somebody should before it is decided. "
    letters = 0
    for author in range(8):
        async with connect(url, name=f"Author {author}") as pad:
            mine = [("author", pad.state.author)]
            while letters < LETTERS * (author + 1) / 8:
                for text, attributes in (
                    ("Nobody has looked: ", [*mine, ("bold", "true")]),
                    (f"{line * 2}https://example.com/{letters}\n", mine),
                ):
                    end = len(pad.text) - 1
                    pool = pad.state.pool
                    pad.state.apply_own(make_splice(pad.text, end, 0, text, attributes, pool))
                    letters += len(text)
            await pad.submit()
            await pad.flush()


def opened(browser: Browser, url: str, slower: float) -> dict[str, float]:
    """Measures one opening, with nothing in the browser's cache."""
    context = browser.order("browser", "newContext", PHONE)
    browser.order(context, "addInitScript", {"content": TYPE})
    page = Page(browser, browser.order(context, "newPage"), context)
    page.do("debug", "Emulation.setCPUThrottlingRate", {"rate": slower})
    page.do("trace")
    page.do("goto", url)
    eventually_sync(lambda: page.look("'typedAt' in window"), "a letter has been typed", timeout=60)
    ready, typed, lines = page.look(
        "[readyAt, typedAt, document.querySelectorAll('#editor .cm-line').length]"
    )
    spent = page.do("spent", "typed")
    browser.order(context, "close")
    return {
        "typed": typed,
        "ready": ready,
        "tasks": spent["tasks"],
        "cpu": spent["cpu"],
        "lines": lines,
    }


def measure(report: Report, repeat: int, slower: float) -> None:
    """Opens each pad in turn, `repeat` times."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            EmbeddedServer(folder / "redis", extra_args=("--appendfsync", "no")) as server,
            Fleet(server.url, folder, {"PADFLEET_DEFAULT_PAD_TEXT": ""}) as fleet,
        ):
            fleet.start()
            asyncio.run(fill(f"{fleet.urls[0]}/p/long"))
            browser = start(chromium())
            try:
                for turn in range(repeat + 1):
                    for pad in ("empty", "long"):
                        found = opened(browser, f"{fleet.urls[0]}/p/{pad}", slower)
                        for what, value in found.items():
                            if turn > 0:  # the first warms up the worker and the machine
                                report.add(f"{pad}: {what}", "" if what == "lines" else "ms", value)
            finally:
                browser.stop()


def main(argv: Sequence[str] | None = None) -> None:
    choices = parser(__doc__ or "", repeat=9)
    choices.add_argument(
        "--slower", type=float, default=SLOWER, help="times that the CPU is slower"
    )
    options = choices.parse_args(argv)
    lacking = missing(chromium())
    if lacking is not None:
        raise SystemExit(f"page: {lacking}")
    report = Report("page")
    measure(report, 2 if options.short else options.repeat, options.slower)
    report.finish(options.out)


if __name__ == "__main__":
    main()
