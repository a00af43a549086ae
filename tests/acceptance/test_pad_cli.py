"""Tests `padfleet pad` as a person or a script uses it."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from padfleet.shared.client import connect
from tests.acceptance.npm import new_pad
from tests.fleet import ROOT, Fleet
from tests.tools import Ended, ran

LIMITED = 'padfleet_fanout_limited_total{limit="message_size"}'

PAD = [sys.executable, "-m", "padfleet", "pad"]


def pad(*words: str, stdin: str = "") -> Ended:
    return ran("pad", *words, stdin=stdin)


def test_what_is_appended_on_one_worker_is_read_on_another(fleet: Fleet) -> None:
    one, two = (f"{url}/p/cli-append" for url in fleet.urls)
    assert pad("append", one, "from one 😀\n").code == 0
    assert pad("append", two, stdin="from standard input\n").code == 0
    done = pad("cat", two)
    assert done.code == 0
    assert done.out.endswith("from one 😀\nfrom standard input\n\n")


def test_watch_prints_each_change_and_who_made_it(fleet: Fleet) -> None:
    one, two = (f"{url}/p/cli-watch" for url in fleet.urls)
    lines: list[str] = []
    with subprocess.Popen(
        [*PAD, "watch", two], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as proc:
        assert proc.stdout is not None
        lines.append(proc.stdout.readline())
        assert pad("append", one, "news", "--name", "Nora").code == 0
        lines.append(proc.stdout.readline())
        proc.terminate()
    assert lines[0].startswith("revision 0")
    assert "Nora" in lines[1]
    assert "+'news'" in lines[1]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["cat", "http://127.0.0.1:9/p/x"], 1, "cannot connect"),
        (["cat", "http://127.0.0.1:9/x"], 2, "not the address of a pad"),
        (["cat", "{url}/p/r.0123456789"], 1, "no access"),
        (["cat", "{url}/p/never%20made"], 1, "there is no pad 'never made'"),
        (["sing", "{url}/p/x"], 2, "invalid choice"),
    ],
)
def test_bad_input_is_named(fleet: Fleet, words: list[str], code: int, says: str) -> None:
    done = pad(*(word.replace("{url}", fleet.urls[0]) for word in words))
    assert (done.code, says in done.err) == (code, True), done.err


async def test_a_read_only_address_shows_the_pad_and_takes_nothing(fleet: Fleet) -> None:
    url = f"{fleet.urls[0]}/p/cli-readonly"
    async with connect(url) as opened:
        await opened.append("secret plans\n")
    read_only = f"{fleet.urls[1]}/p/{opened.read_only_id}"
    done = await asyncio.to_thread(pad, "cat", read_only)
    assert "secret plans" in done.out
    refused = await asyncio.to_thread(pad, "append", read_only, "graffiti")
    assert (refused.code, "read-only" in refused.err) == (1, True)


@pytest.mark.parametrize(
    "text",
    ["0123456789\n" * 110_000, "漢" * 400_000, '"\\\n' * 200_000],
    ids=["1.2 MB", "three bytes each", "escapes"],
)
def test_what_is_larger_than_a_message_may_be_is_appended_whole(fleet: Fleet, text: str) -> None:
    """The connection was broken by each attempt, and the command never returned."""
    url = f"{fleet.urls[0]}/p/{new_pad()}"
    refused = [worker.metric(LIMITED) for worker in fleet.workers]
    done = pad("append", url, stdin=text)
    assert done.code == 0, done.err
    assert pad("cat", url).out.endswith(text + "\n")
    assert [worker.metric(LIMITED) for worker in fleet.workers] == refused
