"""Compiles the benchmarks' own programs in C when they are first needed."""

import hashlib
import os
import resource
import shutil
import subprocess
from pathlib import Path

from tests.fleet import ROOT

FOLDER = Path(__file__).parent / "native"
BUILT = ROOT / "build" / "bench" / "native"
LIBRARIES = ("-lz",)
FLAGS = ("-O2", "-std=gnu11", "-Wall", "-Wextra", "-Wno-sign-compare")


class NoCompiler(Exception):
    """There is nothing to compile with; the text says what would help."""


def compiler() -> str:
    """Returns the path of a C compiler. Raises `NoCompiler`."""
    for name in (os.environ.get("CC", ""), "cc", "gcc", "clang"):
        found = shutil.which(name) if name else None
        if found:
            return found
    raise NoCompiler("there is no C compiler (Debian: apt-get install gcc libc6-dev zlib1g-dev)")


def program(name: str) -> Path:
    """Returns the program made from `native/NAME.c`. Raises `NoCompiler`, or CalledProcessError
    with the compiler's output."""
    source = FOLDER / f"{name}.c"
    version = hashlib.sha256(source.read_bytes() + " ".join(FLAGS).encode()).hexdigest()[:12]
    made = BUILT / f"{name}-{version}"
    if not made.exists():
        BUILT.mkdir(parents=True, exist_ok=True)
        # Renamed when it is whole: two benchmarks may start at once.
        half = made.with_suffix(f".{os.getpid()}")
        subprocess.run([compiler(), *FLAGS, "-o", str(half), str(source), *LIBRARIES], check=True)
        half.rename(made)
    return made


def raise_file_limit() -> int:
    """Lets this process, and those it starts from now on, open as many files as they may.

    Returns how many that is. The server and the sink each need one for every socket.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
