"""Writes docs/api-python.md from the docstrings of the public modules: `make reference`."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple, Protocol

import padfleet
from padfleet import easysync, hooks
from padfleet.shared import client

_PREFIX = re.compile(r"\b(?:[a-z_]+\.)+(?=[A-Z])")  # collections.abc.Mapping

HEAD = """# The Python API

Made by `make reference` from the docstrings; a test compares it. This is all that is public:
everything below `padfleet.services` and `padfleet.shared` may change without notice.

- [`padfleet`](#padfleet): a client for pads
- [`padfleet.easysync`](#padfleeteasysync): Etherpad's changesets
- [`padfleet.hooks`](#padfleethooks): types for code that takes part in a worker
"""


class ReferencePart(NamedTuple):
    """A public module, and the one whose docstring says what is in it."""

    public: ModuleType
    told_by: ModuleType


PARTS = (
    ReferencePart(padfleet, client),
    ReferencePart(easysync, easysync),
    ReferencePart(hooks, hooks),
)


def render() -> str:
    """Returns the page, in Markdown."""
    return "".join([HEAD, *(piece for part in PARTS for piece in _module(part))]).rstrip() + "\n"


def names_of(module: ModuleType) -> list[str]:
    """Returns the names that have a place in the page."""
    return [name for name in module.__all__ if not name.startswith("__")]


def _module(part: ReferencePart) -> Iterator[str]:
    module = part.public
    yield f"\n## {module.__name__}\n\n{_text(part.told_by.__doc__ or '')}"
    named = {name: getattr(module, name) for name in names_of(module)}
    classes = {name: found for name, found in named.items() if isinstance(found, type)}
    errors = {name: found for name, found in classes.items() if issubclass(found, Exception)}
    functions = {name: found for name, found in named.items() if inspect.isfunction(found)}
    for title, found in (
        ("Functions", functions),
        ("Classes", {name: classes[name] for name in classes if name not in errors}),
        ("Types", {name: named[name] for name in named if name not in classes | functions}),
        ("Errors", errors),
    ):
        if found:
            yield f"\n### {title} of `{module.__name__}`\n"
        for name, value in found.items():
            if title == "Types":
                yield from _alias(name, part.told_by)
            else:
                yield from _described(name, value)


def _alias(name: str, module: ModuleType) -> Iterator[str]:
    written, doc = _assigned(module, name)
    yield f"\n#### {name}\n\n```python\n{name} = {written}\n```\n"
    if doc:
        yield f"\n{_text(doc)}"


def _assigned(module: ModuleType, name: str) -> tuple[str, str]:
    """Returns the expression that a name stands for, and the string after it. It looks in this
    module, or in the one that the name is imported from."""
    body = _tree(module).body
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.ImportFrom) and any(alias.name == name for alias in node.names):
            return _assigned(sys.modules[str(node.module)], name)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            doc = ""
            if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                doc = str(after.value.value)
            return ast.unparse(node.value), doc
    raise LookupError(f"{module.__name__} does not say what {name} is")


@cache
def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(inspect.getsource(module))


def _described(name: str, found: Any) -> Iterator[str]:
    if inspect.isfunction(found):
        kind = "async with " if hasattr(found, "__wrapped__") else ""
        yield f"\n#### {name}\n\n```python\n{kind}{name}{_signature(found)}\n```\n\n"
        yield _text(inspect.getdoc(found) or "")
        return
    bases = [base.__name__ for base in found.__bases__ if base not in (object, tuple, Protocol)]
    yield f"\n#### {name}\n\n"
    if bases and issubclass(found, Exception):
        yield f"A kind of {' and '.join(bases)}. "
    yield _text(inspect.getdoc(found) or "")
    made = vars(found).get("__init__")
    if made is not None and made.__doc__:
        yield f"\n**`{name}{_signature(made, bound=True)}`**\n\n{_text(inspect.getdoc(made) or '')}"
    fields = list(_fields(found))
    if fields:
        yield "\n"
    for field, kind, doc in fields:
        yield f"- `{field}: {kind}`" + (f": {_line(doc)}" if doc else "") + "\n"
    for member, value in vars(found).items():
        if member.startswith("_"):
            continue
        if isinstance(value, property):
            yield f"\n**`{member}`**\n\n{_text(inspect.getdoc(value) or '')}"
        elif inspect.isfunction(value) or isinstance(value, classmethod | staticmethod):
            function = value if inspect.isfunction(value) else value.__func__
            start = "await " if inspect.iscoroutinefunction(function) else ""
            signature = _signature(function, bound=not isinstance(value, staticmethod))
            yield f"\n**`{start}{member}{signature}`**\n\n{_text(inspect.getdoc(value) or '')}"


class _Bare:
    """An annotation that is shown as it is written, without quotes."""

    def __init__(self, written: str) -> None:
        self._written = written

    def __repr__(self) -> str:
        return _PREFIX.sub("", self._written)


def _signature(function: Any, *, bound: bool = False) -> str:
    signature = inspect.signature(function)
    parameters = [
        each.replace(annotation=_shown(each.annotation)) for each in signature.parameters.values()
    ][1 if bound else 0 :]
    shown = signature.replace(
        parameters=parameters, return_annotation=_shown(signature.return_annotation)
    )
    return str(shown)


def _shown(annotation: Any) -> Any:
    if annotation is inspect.Signature.empty:
        return annotation
    return _Bare(
        annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    )


def _fields(found: type) -> Iterator[tuple[str, str, str]]:
    """Yields the annotated names of a class, each with its description in the source: a string
    after it, or a comment that begins with ``#:``."""
    source = textwrap.dedent(inspect.getsource(found))
    (tree,) = ast.parse(source).body
    assert isinstance(tree, ast.ClassDef)
    lines = source.splitlines()
    for node, after in zip(tree.body, [*tree.body[1:], None], strict=True):
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        if node.target.id.startswith("_"):
            continue
        _, marked, doc = lines[node.lineno - 1].partition("#:")
        if not marked and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            doc = str(after.value.value)
        yield node.target.id, ast.unparse(node.annotation), doc


def _line(doc: str) -> str:
    return " ".join(doc.split()).rstrip(".")


def _text(doc: str) -> str:
    """Returns a docstring as Markdown. Indented lines after a line that ends with a colon become a
    list."""
    lines = inspect.cleandoc(doc).replace("``", "`").splitlines()
    made: list[str] = []
    listing = False
    for line in lines:
        if line.endswith(":") and not line.startswith(" "):
            listing = True
            made += [line, ""]
        elif listing and line.startswith("    ") and not line.startswith("     "):
            name, _, rest = line.strip().partition(": ")
            made.append(f"- `{name}`: {rest}")
        elif listing and line.startswith("     "):
            made.append(f"  {line.strip()}")
        else:
            listing = listing and not line.strip()
            made.append(line)
    return "\n".join(made).rstrip() + "\n"


if __name__ == "__main__":
    sys.stdout.write(render())
