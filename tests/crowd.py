"""Puts a crowd on a pad: enough people for the messages to all of them to be deflated."""

from __future__ import annotations

import subprocess
import sys

from tests.fleet import ROOT

AUTHORS = 12


def crowd(url: str, pad: str, authors: int = AUTHORS) -> None:
    """Lets authors come, type for some seconds, and leave. They check themselves that they receive
    everything in order."""
    command = [sys.executable, "-m", "padfleet", "loadtest", "--url", url, "--pad", pad]
    options = ["--authors", str(authors), "--rate", "4", "--duration", "3s", "--warmup", "0s"]
    done = subprocess.run(
        [*command, *options], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
