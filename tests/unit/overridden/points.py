"""The places where we override a library's own methods, and checks that the library still works
that way.

An override relies on the inside of a library: that the method exists, is called with these
arguments, and is called at all. The library's authors promise none of this. Each such place is a
`Point` here, so that a new version that breaks one is found by a test that names it.
"""

from __future__ import annotations

import inspect
import sys
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

import pytest


class Point(NamedTuple):
    """A method of a library's that one of our classes overrides."""

    base: type  #: the library's class
    ours: type
    name: str
    signature: str  #: the library's own, without annotations
    why: str  #: what does not hold any more where the library does not call ours

    def __str__(self) -> str:
        return f"{self.ours.__name__}.{self.name}"


def signature_of(function: Any) -> str:
    """Names, kinds and defaults of the parameters: without annotations, which change more often
    than what they describe, and with `async` in front where there is something to await."""
    signature = inspect.signature(function)
    parameters = [each.replace(annotation=each.empty) for each in signature.parameters.values()]
    plain = signature.replace(parameters=parameters, return_annotation=signature.empty)
    return ("async " if inspect.iscoroutinefunction(function) else "") + str(plain)


def overridden(ours: type, library: str) -> set[str]:
    """Returns the names that are defined both by our class and by a base class of this library.
    Names with a special meaning in Python are left out."""
    bases = [base for base in ours.__mro__[1:] if base.__module__.split(".")[0] == library]
    return {
        name
        for name, value in vars(ours).items()
        if not name.startswith("__")
        and (inspect.isfunction(value) or isinstance(value, classmethod | property))
        and any(name in vars(base) for base in bases)
    }


def check_signature(point: Point) -> None:
    """Asserts that the library's method exists with the expected arguments, and that ours accepts
    the same."""
    library = point.base.__module__.split(".")[0]
    assert hasattr(point.base, point.name), (
        f"{library} has no {point.base.__name__}.{point.name} any more, so {point} is never "
        f"called: {point.why}"
    )
    theirs = getattr(point.base, point.name)
    assert signature_of(theirs) == point.signature, (
        f"{library} has changed {point.base.__name__}.{point.name}; see whether {point} still "
        f"does the same: {point.why}"
    )
    plain = inspect.signature(theirs)
    arguments: list[None] = []
    options: dict[str, None] = {}
    for name, parameter in plain.parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY:
            options[name] = None
        elif parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            arguments.append(None)
    inspect.signature(getattr(point.ours, point.name)).bind(*arguments, **options)


class Calls:
    """Notes who has called which of our overrides."""

    def __init__(self) -> None:
        self._callers: defaultdict[str, set[str]] = defaultdict(set)

    def note(self, patch: pytest.MonkeyPatch, points: tuple[Point, ...]) -> None:
        """Has each of these methods say by whom it is called."""
        for point in points:
            patch.setattr(point.ours, point.name, self._noting(point))

    def by_libraries(self, point: Point) -> bool:
        """Returns whether anything but our own code has called it."""
        return bool(self._callers[str(point)] - {"padfleet", "tests"})

    def _noting(self, point: Point) -> Callable[..., Any]:
        done = vars(point.ours)[point.name]

        def note() -> None:
            # Two frames up is the caller of the functions below.
            package = str(sys._getframe(2).f_globals.get("__name__", "")).split(".")[0]
            self._callers[str(point)].add(package)

        @wraps(done)
        def plainly(*args: Any, **options: Any) -> Any:
            note()
            return done(*args, **options)

        @wraps(done)
        async def awaited(*args: Any, **options: Any) -> Any:
            note()
            return await done(*args, **options)

        return awaited if inspect.iscoroutinefunction(done) else plainly
