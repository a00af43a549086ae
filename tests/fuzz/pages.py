"""Uses two pages in a browser and a client in Python at random, on one pad of a real fleet: keys,
buttons, the network. At quiet points all three and the exports have to be equal."""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
import time
import urllib.request
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, Final, TypeVar
from urllib.parse import quote

from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.client import Pad, connect
from padfleet.shared.easysync import AttributePool, attribs_of, iter_ops, to_units
from padfleet.shared.rendering.html import to_document
from padfleet.shared.rendering.txt import to_txt
from tests.browser.browser import ANDROID, TEXT, Browser, Page, chromium, start
from tests.browser.test_composing import commit, compose
from tests.eventually import eventually_sync
from tests.fleet import Fleet

T = TypeVar("T")

DEEDS_BETWEEN: Final = 60
"""How many things are done between two quiet points."""

LINES: Final = 40
"""A text that has more lines than this is cut down, since only the visible part is on a page."""

TALL: Final[dict[str, Any]] = {"viewport": {"width": 1280, "height": 2600}}

FORMATS: Final = ("bold", "italic", "underline", "strikethrough")

EXPECTED: Final = (
    "net::ERR_INTERNET_DISCONNECTED",  # a page that goes offline while it connects
)
"""What pages may complain about."""

WORDS: Final = (
    *("a", "hello", "x y ", "é", "日本", "😀", "* ", "  ", "word. "),
    # Characters of several code points, letters that take marks, and from right to left.
    *("👩‍👩‍👧", "🇩🇪", "e\u0301", "\u200d", "\ufe0f", "नि", "שלום ", "عربي"),
)

PASTED: Final = (
    *(
        "one\r\ntwo\rthree\n",
        "\0nul\x01\x1b",
        "\ud83d",
        "\udc69 half",
        "\u2028\u2029\x85",
        "\ufeff",
    ),
    *("👩‍👩‍👧\u200d", "\u0301\u0301", "\u202eabc\u202c", "line\n" * 6, " \t "),
)

RICH: Final = (
    "<b>bold</b> and <i>it</i>",
    "<ul><li>one</li><li>two<ul><li>below</li></ul></li></ul>",
    "<h1>Title</h1><p>text</p>",
    "<ol><li><u>first</u></li></ol>after",
)

COMPOSED: Final = (("に", "にほ", "日本"), ("f", "fa", "fas", "fast"), ("한", "하", ""), ("a", ""))
"""What an input method makes of a word, step by step; "" gives it up."""

DRAG: Final = """((random) => {
  const selection = getSelection();
  if (selection.rangeCount === 0 || selection.isCollapsed) return null;
  const rects = [...selection.getRangeAt(0).getClientRects()].filter((r) => r.width > 4);
  const lines = [...document.querySelectorAll('#editor .cm-line')];
  if (rects.length === 0) return null;
  const from = rects[Math.floor(random[0] * rects.length)];
  const to = lines[Math.floor(random[1] * lines.length)].getBoundingClientRect();
  return [
    [from.left + from.width / 2, from.top + from.height / 2],
    [to.left + 8 + random[2] * 120, to.top + to.height / 2],
  ];
})"""
"""Returns where to take hold of the selection, and where to let go of it, or null if nothing is
selected."""

REPLACE: Final = """((random, word) => {
  const walk = document.createTreeWalker(document.querySelector('#editor .cm-content'), 4);
  const nodes = [];
  while (walk.nextNode()) {
    const node = walk.currentNode;
    const label = node.parentElement.closest('.label-of-item');
    if (node.data.length > 1 && label === null) nodes.push(node);
  }
  if (nodes.length === 0) return false;
  const node = nodes[Math.floor(random[0] * nodes.length)];
  const from = Math.floor(random[1] * node.length);
  const to = Math.min(node.length, from + 1 + Math.floor(random[2] * 5));
  const text = document.querySelector('#editor .cm-content');
  const event = { inputType: 'insertReplacementText', data: word, bubbles: true, cancelable: true };
  if (!text.dispatchEvent(new InputEvent('beforeinput', event))) return false;
  node.replaceData(from, to - from, word);
  text.dispatchEvent(new InputEvent('input', { ...event, cancelable: false }));
  return true;
})"""
"""Replaces a word as a spelling checker does: in the document, without keys or a selection."""

JUMP: Final = "(by => { const now = Date.now; Date.now = () => now.call(Date) + by; })"
"""Puts the clock forward or back, as on a machine that slept, or whose time was set."""

EDITING: Final = (
    *("Enter", "Backspace", "Backspace", "Delete", "Control+Backspace", "Control+Delete"),
    *("Control+z", "Control+z", "Control+z", "Control+y", "Control+Shift+z"),
    *("Control+x", "Control+c", "Control+v", "Control+v", "Tab", "Shift+Tab"),
    *("Control+b", "Control+i", "Control+u", "Control+Shift+x", "Control+Shift+l"),
)

MOVING: Final = (
    *("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"),
    *("Control+Home", "Control+End", "Control+ArrowLeft", "Control+ArrowRight"),
)

# This returns the text of each line, in pieces of one look; a list marker is the letter that it is
# in the pad.
SEEN: Final = """
[...document.querySelectorAll('#editor .cm-line')].map((line) => {
  const pieces = [];
  const walk = (node, looks) => {
    if (node.nodeType === Node.TEXT_NODE) {
      pieces.push([looks.join(' '), node.data]);
    } else if (node.classList.contains('label-of-item')) {
      pieces.push(['', '*']);
    } else {
      const own = FORMATS.filter((look) => node.classList.contains(look));
      for (const child of node.childNodes) walk(child, [...looks, ...own].sort());
    }
  };
  walk(line, []);
  return pieces;
})
""".replace("FORMATS", json.dumps(FORMATS))

REDRAWS: Final = "document.getElementById('editor').dataset.redraws ?? '0'"

Look = tuple[str, str]
"""The formats of a stretch of text, and the text."""


class Program:
    """A client in Python, in a thread with an event loop of its own."""

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._joined = connect(url)
        self.pad: Pad = self.run(self._joined.__aenter__())

    def run(self, what: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(timeout=60)

    def call(self, what: Callable[[], T]) -> T:
        """Calls this in the loop's thread, so that nothing can come in meanwhile."""

        async def calling() -> T:
            return what()

        return self.run(calling())

    async def edit(self, random: Random) -> None:
        text = self.pad.text
        start = random.choice([0, len(text) - 1, random.randrange(len(text))])
        removed = random.choice([0, 0, random.randrange(6)])
        inserted = random.choice(["", "py ", "\n", "two\nlines\n", "p"])
        await self.pad.edit(start, min(removed, len(text) - 1 - start), to_units(inserted))

    async def shorten(self) -> None:
        await self.pad.edit(0, len(self.pad.text) * 2 // 3, "")

    def close(self) -> None:
        self.run(self._joined.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)


class Storm:
    """Everything that is done to one pad from one seed. `done` has the newest deeds, to look at
    after a fault."""

    def __init__(self, browser: Browser, urls: list[str], seed: int) -> None:
        self.seed = seed
        self.deeds = 0
        self.quiet = 0
        self.done: deque[str] = deque(maxlen=80)
        self._random = Random(seed)
        self._urls = [f"{url}/p/pages-{seed}" for url in urls[:2]]
        # The second is a phone, whose keyboard writes by other means.
        self._pages = [
            browser.open(url, **{**device, **TALL}).joined()
            for url, device in zip(self._urls, ({}, ANDROID), strict=True)
        ]
        self._offline = [False] * len(self._pages)
        for page in self._pages:
            page.click(TEXT)
        self._program = Program(self._urls[1])

    def run(self, seconds: float) -> None:
        """Runs the storm. Raises AssertionError, which says what was done last, when the three
        differ."""
        until = time.monotonic() + seconds
        try:
            while time.monotonic() < until:
                for _ in range(DEEDS_BETWEEN):
                    self._deed()
                self._rest()
        except AssertionError as error:
            last = "\n  ".join(self.done)
            said = "\n  ".join(fault for page in self._pages for fault in page.faults())
            raise AssertionError(
                f"seed {self.seed}, after {self.deeds} deeds: {error}\n"
                f"The last of them:\n  {last}\nThe pages say:\n  {said}"
            ) from error
        finally:
            self._program.close()

    def _deed(self) -> None:
        random = self._random
        self.deeds += 1
        number = random.randrange(len(self._pages))
        page = self._pages[number]
        match random.randrange(24):
            case 0 | 1 | 2 | 3 | 4 | 5 | 6:
                self._do(number, "type", random.choice(WORDS), page.type)
            case 7 | 8 | 9 | 10 | 11:
                self._do(number, "press", random.choice(EDITING), page.press)
            case 12 | 13 | 14:
                self._do(number, "press", random.choice(MOVING), page.press)
            case 15 | 16:
                key = f"Shift+{random.choice(MOVING)}".replace("Shift+Control", "Control+Shift")
                for _ in range(random.randrange(1, 5)):
                    self._do(number, "press", key, page.press)
            case 17:
                self._rarely(number, page)
            case 18:
                self._program_edits()
            case 19 | 20:
                self._compose(number, page)
            case 21 | 22:
                self._unlike_keys(number, page)
            case _:
                # Time passes, so what is typed next is another step of undo, and much has been
                # sent.
                pause = random.choice([0.05, 0.2, 0.7])
                self.done.append(f"{pause} s")
                threading.Event().wait(pause)

    def _rarely(self, number: int, page: Page) -> None:
        random = self._random
        match random.randrange(5):
            case 0:
                self._do(number, "press", "Control+a", page.press)
                if random.randrange(2):
                    self._do(number, "type", "over", page.type)
            case 1 | 2:
                self._offline[number] = not self._offline[number]
                self._do(number, "offline", self._offline[number], page.offline)
            case 3:
                button = random.choice(["list", "undo", "redo", "bold"])
                press = f"document.querySelector('[data-do={button}]').click()"
                self._do(number, "look", press, page.look)
            case _:
                # This cuts the last line.
                for key in ("Control+End", "Shift+ArrowUp", "Shift+End", "Control+x"):
                    self._do(number, "press", key, page.press)

    def _program_edits(self) -> None:
        self.done.append("the program edits")
        self._program.run(self._program.edit(self._random))

    def _compose(self, number: int, page: Page) -> None:
        """Composes a word with an input method, while the others may do something."""
        random = self._random
        *steps, last = random.choice(COMPOSED)
        for step in steps:
            self._do(number, "compose", step, lambda text: compose(page, text))
            match random.randrange(4):
                case 0:
                    self._program_edits()
                case 1:
                    other = 1 - number
                    self._do(other, "type", "-", self._pages[other].type)
        if last:
            self._do(number, "commit", last, lambda text: commit(page, text))
        else:
            self._do(number, "compose", "", lambda text: compose(page, text))

    def _unlike_keys(self, number: int, page: Page) -> None:
        """Changes a text as people do without a key."""
        random = self._random
        chances = [random.random() for _ in range(3)]
        match random.randrange(6):
            case 0 | 1:
                self._do(number, "drag", chances, lambda _: self._drag(page, chances))
            case 2:
                word = random.choice(("corrected", "é", "👍🏽", ""))
                expression = f"{REPLACE}({json.dumps(chances)}, {json.dumps(word)})"
                self._do(number, "replace", (chances, word), lambda _: page.look(expression))
            case 3:
                text = random.choice(PASTED)
                self._do(number, "paste", text, lambda _: page.paste(plain=text))
            case 4:
                html = random.choice(RICH)
                self._do(number, "paste", html, lambda _: page.paste(html=html, plain="plain"))
            case _:
                by = random.choice((-3_600_000, -700, 700, 3_600_000))
                self._do(number, "the clock jumps", by, lambda _: page.look(f"{JUMP}({by})"))

    def _drag(self, page: Page, chances: list[float]) -> None:
        way = page.look(f"{DRAG}({json.dumps(chances)})")
        if way is None:
            return
        start, end = way
        page.do("mouse.move", *start)
        page.do("mouse.down")
        page.do("mouse.move", *end, {"steps": 3})
        if self._random.randrange(3) == 0:
            self._program_edits()  # while it is held
        page.do("mouse.up")

    def _do(self, number: int, what: str, how: Any, call: Callable[[Any], object]) -> None:
        self.done.append(f"page {number}: {what} {how!r}")
        call(how)

    # --- Quiet points ----------------------------------------------------------------------------

    def _rest(self) -> None:
        self.done.append("quiet")
        for number, page in enumerate(self._pages):
            if self._offline[number]:
                self._offline[number] = False
                page.offline(False)
        if self._program.call(lambda: self._program.pad.text.count("\n")) > LINES:
            self._program.run(self._program.shorten())
        self._program.run(self._program.pad.flush())
        for page in self._pages:
            page.saved()
        eventually_sync(self._agree, "the pages, the program and the exports agree", timeout=90)
        for number, page in enumerate(self._pages):
            redraws = page.look(REDRAWS)
            assert redraws == "0", f"page {number} was drawn anew {redraws} times"
        self.quiet += 1

    def _agree(self) -> bool:
        atext, pool = self._program.call(
            lambda: (self._program.pad.state.attributed_text, self._program.pad.state.pool)
        )
        wanted = looks_of(atext.text, atext.attribs, pool)
        for number, page in enumerate(self._pages):
            seen = [
                joined((look, to_units(text)) for look, text in line) for line in page.look(SEEN)
            ]
            assert seen == wanted, f"page {number} shows {seen!r}, the program has {wanted!r}"
        txt, wanted_txt = self._export("txt"), in_utf8(to_txt(atext, pool))
        assert txt == wanted_txt, f"exported is {txt!r}, the program has {wanted_txt!r}"
        title = to_units(f"pages-{self.seed}")
        html, wanted_html = self._export("html"), in_utf8(to_document(atext, pool, title))
        assert html == wanted_html, f"exported is {html!r}, the program has {wanted_html!r}"
        return True

    def _export(self, kind: str) -> str:
        url = f"{quote(self._urls[0], safe=':/')}/export/{kind}"
        with urllib.request.urlopen(url, timeout=20) as answer:
            return str(answer.read().decode())


def in_utf8(text: str) -> str:
    """Returns a text of code units as a file contains it: the program may cut an emoji into halves,
    which UTF-8 cannot express."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def looks_of(text: str, attribs: str, pool: AttributePool) -> list[list[Look]]:
    """Returns the lines of a pad except for its last newline, in the form of `SEEN`."""
    lines: list[list[Look]] = [[]]
    at = 0
    for op in iter_ops(attribs):
        had = attribs_of(op.attribs, pool)
        look = " ".join(sorted(name for name in FORMATS if had.get(name) == "true"))
        for index, part in enumerate(text[at : at + op.chars].split("\n")):
            if index > 0:
                lines.append([])
            first = not any(seen for _, seen in lines[-1])
            marker = part.startswith("*") and first and had.get("lmkr") == "1"
            # Nothing of the marker is visible in headings and indented lines.
            labelled = had.get("list", "").startswith(("bullet", "number"))
            label = [("", "*")] if labelled else []
            lines[-1] += [*label, (look, part[1:])] if marker else [(look, part)]
        at += op.chars
    return [joined(line) for line in lines[:-1]]


def joined(pieces: Iterator[Look] | list[Look]) -> list[Look]:
    """Returns the pieces with neighbours of one look joined, and without empty ones."""
    result: list[Look] = []
    for look, text in pieces:
        if not text:
            continue
        if result and result[-1][0] == look:
            result[-1] = (look, result[-1][1] + text)
        else:
            result.append((look, text))
    return result


@contextmanager
def some_fleet() -> Iterator[Fleet]:
    """Runs a writer and two workers that accept as many edits a second as a test can make."""
    settings = {"PADFLEET_DEFAULT_PAD_TEXT": "Hello", "PADFLEET_COMMITS_PER_SECOND": "200"}
    with (
        tempfile.TemporaryDirectory(prefix="padfleet-pages-") as folder,
        EmbeddedServer(Path(folder) / "redis", extra_args=("--appendfsync", "no")) as server,
        Fleet(server.url, Path(folder), settings) as fleet,
    ):
        yield fleet.start()


def storm(seed: int, seconds: float) -> str:
    """Runs everything on a fleet of its own, and returns a report. Raises AssertionError for
    whatever broke."""
    browser = start(chromium())
    try:
        with some_fleet() as fleet:
            here = Storm(browser, fleet.urls, seed)
            here.run(seconds)
            browser.close_all(but=EXPECTED)
            return (
                f"pages: {here.deeds:,} deeds on two pages and a program, "
                f"equal at each of {here.quiet} quiet points"
            )
    finally:
        browser.stop()
