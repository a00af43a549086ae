"""Puts a crowd on a pad: enough people for the messages to all of them to be deflated."""

from __future__ import annotations

from tests.tools import ran

AUTHORS = 12


def crowd(url: str, pad: str, authors: int = AUTHORS) -> None:
    """Lets authors come, type for some seconds, and leave. They check themselves that they receive
    everything in order."""
    options = ["--authors", authors, "--rate", "4", "--duration", "2s", "--warmup", "0s"]
    done = ran("loadtest", "--url", url, "--pad", pad, *options)
    assert done.code == 0, done.out + done.err
