"""Drives a real browser from tests; one Node.js process does what it is told (node/chromium.mjs, or
that of another browser).

    page = browser.open(f"{worker.url}/p/hello")
    page.type("typed")
    assert page.lines()[-1] == "typed"
"""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from padfleet.services.web.page.assets import read
from tests import node
from tests.eventually import eventually_sync

FOLDER: Final = Path(__file__).parent / "node"
PICTURES: Final = Path(__file__).parents[2] / "build" / "browser"
"""The folder for pictures of pages, for people to look at."""

BINARIES: Final = (
    "chromium-headless-shell",  # the same pages for two thirds of the CPU: it draws no window
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)

PHONE: Final[dict[str, Any]] = {
    "viewport": {"width": 390, "height": 844},
    "hasTouch": True,
    "isMobile": True,
    "deviceScaleFactor": 2,
}
ANDROID: Final[dict[str, Any]] = {
    **PHONE,
    "userAgent": "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Mobile Safari/537.36",
}
"""A phone as it identifies itself; on it, the editor takes what is typed from an EditContext."""

DESK: Final[dict[str, Any]] = {"viewport": {"width": 1280, "height": 800}}

TEXT: Final = "#editor .cm-content"

PATIENCE_S: Final = 90.0
"""For how long a page is waited for: it is many times slower on a busy machine."""


PASTE: Final = """(kinds => {
  const data = new DataTransfer();
  for (const [kind, text] of Object.entries(kinds)) data.setData(kind, text);
  const event = { clipboardData: data, bubbles: true, cancelable: true };
  document.querySelector('#editor .cm-content').dispatchEvent(new ClipboardEvent('paste', event));
})"""


_PASSING: Final = """
    check click dispatchEvent evaluate faults fill focus forget getAttribute goto innerText
    inputValue isChecked isDisabled isHidden isVisible keyboard.insertText keyboard.press
    keyboard.type mouse.click mouse.down mouse.move mouse.up press reload screenshot selectOption
    setInputFiles waitForSelector waitForTimeout waitForURL
"""
PASSING: Final = frozenset(_PASSING.split())
"""The calls that leave nothing behind in a page once it shows another address. Others change how it
works from then on, such as those that hold back requests or pretend that there is no network."""

_KEPT: Final = 3
"""How many pages of a kind are kept for the tests to come; hardly any test has more people."""

_KINDS: Final = 4
"""How many kinds of pages are kept, by the options of their contexts: those of the last tests."""


class BrowserError(Exception):
    """An error from Playwright."""


@dataclass(eq=False)
class Page:
    """One page. Its context is its cookies, its storage and its network."""

    browser: Browser
    id: str
    context: str
    kind: str = ""  #: the options of its context

    def do(self, call: str, *args: Any) -> Any:
        """Calls a method of Playwright's page, or of one of its parts, such as `keyboard.type`."""
        return self.browser.order(self.id, call, *args)

    def look(self, expression: str) -> Any:
        """Returns the value of a JavaScript expression in the page."""
        return self.do("evaluate", expression)

    def await_shown(self, selector: str) -> None:
        self.do("waitForSelector", selector)

    def joined(self) -> Page:
        """Waits for all of the page; one can write before that, from `body.ready` on."""
        self.await_shown("body.furnished")
        return self

    # --- As people use it ------------------------------------------------------------------------

    def type(self, text: str) -> None:
        """Types text at the cursor."""
        self.do("keyboard.type", text)

    def paste(self, **kinds: str) -> None:
        """Pastes what programs put on the clipboard: `plain=…`, `html=…`."""
        given = {f"text/{kind}": text for kind, text in kinds.items()}
        self.look(f"{PASTE}({json.dumps(given)})")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.do("keyboard.press", key)

    def click(self, selector: str) -> None:
        self.do("click", selector)

    def to_end(self) -> None:
        self.click(TEXT)
        self.press("Control+End")

    def to_start(self) -> None:
        self.click(TEXT)
        self.press("Control+Home")

    def call_me(self, name: str) -> None:
        self.click("#people-button")
        self.do("fill", "#my-name", name)
        self.press("Enter")
        self.click("#panel-close")

    def offline(self, off: bool) -> None:
        self.browser.order(self.context, "setOffline", off)

    # --- What is seen ----------------------------------------------------------------------------

    def lines(self, root: str = "#editor") -> list[str]:
        """Returns the lines of the text that are on the screen, and some above and below."""
        found = f"[...document.querySelectorAll('{root} .cm-line')].map(l => l.textContent)"
        return list(self.look(found))

    def text(self) -> str:
        return "\n".join(self.lines())

    def words(self, selector: str) -> str:
        return str(self.do("innerText", selector))

    @property
    def status(self) -> str:
        return self.words("#status-words")

    def saved(self) -> None:
        """Waits until everything is part of the pad."""
        self.gives("document.querySelector('#status-words')?.innerText", "Saved")

    def shows(self, wanted: str) -> None:
        def shown() -> bool:
            text = self.text()
            assert text == wanted, f"it shows {text!r}"
            return True

        eventually_sync(shown, f"the page shows {wanted!r}", timeout=PATIENCE_S)

    def still(self) -> None:
        """Waits until nothing moves or fades any more."""
        self.gives("document.getAnimations().length", 0)

    def gives(self, expression: str, wanted: Any) -> None:
        """Waits until that is what an expression gives: what is drawn comes when it can."""

        def given() -> bool:
            found = self.look(expression)
            assert found == wanted, f"{expression} gives {found!r}"
            return True

        eventually_sync(given, f"{expression} gives {wanted!r}", timeout=PATIENCE_S)

    def says(self, selector: str, part: str) -> None:
        """Waits until that is among an element's words."""

        def said() -> bool:
            words = self.words(selector)
            assert part in words, f"{selector} says {words!r}"
            return True

        eventually_sync(said, f"{selector} says {part!r}", timeout=PATIENCE_S)

    def hides(self, selector: str) -> None:
        """Waits until an element is not to be seen."""
        self.do("waitForSelector", selector, {"state": "hidden"})

    def picture(self, name: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.do("screenshot", {"path": str(PICTURES / f"{name}.png")})

    def faults(self) -> list[str]:
        """Errors, refused loads and requests to elsewhere, since the last time."""
        return list(self.browser.order(self.id, "faults"))


@dataclass(eq=False)
class Browser:
    """The Node process with the browser in it."""

    programs: Sequence[str]
    """The programs that the driver runs."""

    driver: str = "chromium"
    """The file of `node/` that knows how to drive it."""

    keeps: bool = False
    """Whether pages are used again: each test gets them with nothing stored, and as a person who is
    new. What a browser has loaded and compiled once is then there, for a third of the CPU."""

    pages: list[Page] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ordinary: set[str] = set()
        self._kept: dict[str, list[Page]] = {}
        self._numbers = itertools.count(1)
        self._process = subprocess.Popen(
            ["node", f"{self.driver}.mjs", *self.programs],
            cwd=FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._answer(0)

    def open(self, url: str, *, like: Page | None = None, **options: Any) -> Page:
        """Opens a page at an address. Options are those of a context; `like` shares that of another
        page."""
        kind = json.dumps(options, sort_keys=True)
        kept = self._kept.get(kind)
        if kept and like is None and url != "about:blank":
            page = kept.pop()
        else:
            page = self._new(like, options, kind)
        self.pages.append(page)
        page.do("goto", url)
        return page

    def _new(self, like: Page | None, options: Mapping[str, Any], kind: str) -> Page:
        context = like.context if like else self.order("browser", "newContext", {**DESK, **options})
        page = Page(self, self.order(context, "newPage"), context, kind)
        if like is None:
            self._ordinary |= {page.id, context}
        return page

    def two(self, urls: Sequence[str], pad: str) -> tuple[Page, Page]:
        """Returns the pages of two people on one pad, each on a worker of their own."""
        first, second = [self.open(f"{url}/p/{pad}").joined() for url in urls[:2]]
        return first, second

    def order(self, on: str, call: str, *args: Any) -> Any:
        if call not in PASSING and not (call == "debug" and args[0].startswith("Input.")):
            self._ordinary.discard(on)
        number = next(self._numbers)
        line = json.dumps({"id": number, "on": on, "call": call, "args": args}) + "\n"
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode())
        self._process.stdin.flush()
        return self._answer(number)

    def close_all(self, *, but: str | Sequence[str] = ()) -> None:
        """Closes all pages. Raises AssertionError if one has complained about something other than
        `but`."""
        known = [but] if isinstance(but, str) else but
        pages, self.pages = self.pages, []
        faults = [fault for page in pages for fault in page.faults()]
        faults = [fault for fault in faults if not any(part in fault for part in known)]
        contexts = {page.context for page in pages}
        for page in pages:
            if self._forgotten(page):
                # The kinds that were used last come last.
                kept = self._kept.pop(page.kind, [])
                self._kept[page.kind] = [*kept, Page(self, page.id, page.context, page.kind)]
                contexts.remove(page.context)
        while len(self._kept) > _KINDS:
            contexts |= {page.context for page in self._kept.pop(next(iter(self._kept)))}
        for context in contexts:
            self.order(context, "close")
        assert not faults, "\n".join(faults)

    def _forgotten(self, page: Page) -> bool:
        """Makes a page like new, if it may be used again and one more is wanted."""
        ordinary = {page.id, page.context} <= self._ordinary
        if not (self.keeps and ordinary and len(self._kept.get(page.kind, ())) < _KEPT):
            return False
        try:
            forgotten = bool(self.order(page.id, "forget"))
            page.faults()
        except BrowserError:
            return False  # it hangs, or is gone; its test has not noticed, and another one would
        return forgotten

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=20)

    def _answer(self, number: int) -> Any:
        assert self._process.stdout is not None
        answer: Mapping[str, Any] = {"id": -1}
        while answer["id"] != number:  # a test that was cut off has not waited for its last answer
            line = self._process.stdout.readline()
            if not line:
                raise BrowserError("the browser has ended")
            answer = json.loads(line)
        if "error" in answer:
            raise BrowserError(answer["error"])
        value = answer["value"]
        return value["thing"] if isinstance(value, dict) and "thing" in value else value


NO_CHROMIUM: Final = "there is no Chromium (Debian: apt-get install chromium-headless-shell)"


def chromium() -> list[str | None]:
    """Returns Chromium's path, or None if there is none."""
    return [next(filter(None, map(shutil.which, BINARIES)), None)]


def missing(programs: Sequence[str | None], lacking: str = NO_CHROMIUM) -> str | None:
    """Returns why there can be no browser here, or None if there can be one; `lacking` is the
    reason if a program is missing."""
    if (lacking_node := node.why_not(FOLDER)) is not None:
        return lacking_node
    if None in programs:
        return lacking
    return "the page is not built (make setup)" if read() is None else None


def start(programs: Sequence[str | None], driver: str = "chromium") -> Browser:
    return Browser([program for program in programs if program is not None], driver)


def running(
    programs: Sequence[str | None], lacking: str = NO_CHROMIUM, driver: str = "chromium"
) -> Iterator[Browser]:
    """Runs a browser, for fixtures; tests are skipped, with the reason, if there can be none."""
    why = missing(programs, lacking)
    if why is not None:
        pytest.skip(why)
    browser = start(programs, driver)
    yield browser
    browser.stop()
