"""The jobs of the tests' processes."""

from __future__ import annotations

import os
import time


def work(job: bytes) -> bytes:
    word, _, rest = job.decode().partition(" ")
    match word:
        case "echo":
            return rest.encode()
        case "pid":
            return str(os.getpid()).encode()
        case "refuse":
            raise ValueError(rest)
        case "break":
            raise KeyError(rest)
        case "deep":
            return work(job)
        case "die":
            os._exit(3)
        case "hang":
            time.sleep(3600)
        case "spin":
            while True:
                pass
        case "eat":
            return bytes(len(bytearray(int(rest))))[:1]
        case "say":
            return bytes(int(rest))
        case "write":
            with open(rest, "w") as file:  # noqa: PTH123 - as anything might
                file.write("x" * 100_000)
    raise AssertionError(word)
