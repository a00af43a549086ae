"""docs/client-python.md, made of what the client's code says of itself: `make reference`."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from padfleet.shared import client

_PREFIX = re.compile(r"\b(?:[a-z_]+\.)+(?=[A-Z])")  # collections.abc.Mapping

HEAD = """# The Python client: reference

Made by `make reference` from the docstrings of `shared.client`; a test compares it.

"""


def render(module: ModuleType = client) -> str:
    """The page, in Markdown."""
    parts = [HEAD, _text(module.__doc__ or ""), "\n"]
    functions = [name for name in module.__all__ if inspect.isfunction(getattr(module, name))]
    classes = [name for name in module.__all__ if inspect.isclass(getattr(module, name))]
    errors = [name for name in classes if issubclass(getattr(module, name), Exception)]
    for title, names in (
        ("Functions", functions),
        ("Classes", [name for name in classes if name not in errors]),
        ("Errors", errors),
    ):
        parts.append(f"\n## {title}\n")
        parts += [part for name in names for part in _described(name, getattr(module, name))]
    return "".join(parts).rstrip() + "\n"


def _described(name: str, found: Any) -> Iterator[str]:
    if inspect.isfunction(found):
        kind = "async with " if hasattr(found, "__wrapped__") else ""
        yield f"\n### {name}\n\n```python\n{kind}{name}{_signature(found)}\n```\n\n"
        yield _text(inspect.getdoc(found) or "")
        return
    bases = [base.__name__ for base in found.__bases__ if base not in (object, tuple)]
    yield f"\n### {name}\n\n"
    if bases and issubclass(found, Exception):
        yield f"A kind of {' and '.join(bases)}. "
    yield _text(inspect.getdoc(found) or "")
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
        elif inspect.isfunction(value) or isinstance(value, classmethod):
            function = value.__func__ if isinstance(value, classmethod) else value
            start = "await " if inspect.iscoroutinefunction(function) else ""
            signature = _signature(function, bound=True)
            yield f"\n**`{start}{member}{signature}`**\n\n{_text(inspect.getdoc(value) or '')}"


def _signature(function: Any, *, bound: bool = False) -> str:
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())[1 if bound else 0 :]
    text = str(signature.replace(parameters=parameters)).replace("'", "")
    return _PREFIX.sub("", text)


def _fields(found: type) -> Iterator[tuple[str, str, str]]:
    """Annotated names of a class, each with what the source says of it: in a string after it, or
    in a comment that begins with ``#:``."""
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
    """A docstring as Markdown: what is indented after a line that ends with a colon is a list."""
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
