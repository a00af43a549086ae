"""This module lets a process declare its settings, as a frozen dataclass whose fields are
`setting(...)`.

    @dataclass(frozen=True, kw_only=True)
    class FanoutSettings(ProcessSettings):
        port: int = setting(9001, "port of HTTP and Socket.IO", minimum=1, maximum=65535)

One line names the type, the default, the flag (`--port`), the variable (`PADFLEET_PORT`), what is
accepted, and the help. The standard dataclass is enough for that: `setting` returns a
`dataclasses.Field` but is typed as the value, so type checkers see an ordinary default. (A settings
library would bring a second model of validation, and its errors would name fields, not what was
typed.)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, get_args, get_origin, get_type_hints

from padfleet.shared.settings.redis_url import mask

PREFIX: Final = "PADFLEET_"

T = TypeVar("T")

_METADATA_KEY: Final = "padfleet.setting"

_TRUE: Final = frozenset({"true", "yes", "on", "1"})
_FALSE: Final = frozenset({"false", "no", "off", "0"})


@dataclasses.dataclass(frozen=True)
class _Declared:
    """The arguments of `setting`. The name and the type come from the class body."""

    help: str
    unit: str
    minimum: float | None
    maximum: float | None
    secret: bool
    env: str | None
    env_fallback: str | None
    check: Callable[[str], str | None] | None


def setting(
    default: T,
    help: str,
    *,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    secret: bool = False,
    env: str | None = None,
    env_fallback: str | None = None,
    check: Callable[[str], str | None] | None = None,
) -> T:
    """Declares one setting.

    Arguments:
        default: the value if none is given.
        help: its documentation on the command line.
        unit: what a number counts.
        minimum: the smallest number that is accepted.
        maximum: the largest number that is accepted.
        secret: keeps the value out of everything that is printed, including `repr`.
        env: replaces the variable's name `PADFLEET_<NAME>`.
        env_fallback: a variable that is read if the first one is unset or empty.
        check: is called with the text that was given, and returns why it is refused, or None.

    The accepted words of a choice are its type: `batch: Literal["auto", "on", "off"]`.
    """
    declared = _Declared(help, unit, minimum, maximum, secret, env, env_fallback, check)
    metadata = {_METADATA_KEY: declared}
    return dataclasses.field(default=default, repr=not secret, metadata=metadata)


@dataclasses.dataclass(frozen=True)
class SettingSpec:
    """A setting of a class, with everything that is needed to read, refuse and explain it."""

    name: str
    type: Any
    default: Any
    declared: _Declared

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def env(self) -> str:
        return self.declared.env or PREFIX + self.name.upper()

    @property
    def env_fallback(self) -> str | None:
        return self.declared.env_fallback

    @property
    def help(self) -> str:
        return self.declared.help

    @property
    def unit(self) -> str:
        return self.declared.unit

    @property
    def choices(self) -> tuple[str, ...]:
        return get_args(self.type) if get_origin(self.type) is Literal else ()

    @property
    def is_switch(self) -> bool:
        return self.type is bool

    @property
    def takes_empty(self) -> bool:
        """Whether an empty text is a value. For a number, it can only mean "not set"."""
        return self.type is str or self._is_list

    @property
    def _is_list(self) -> bool:
        return get_origin(self.type) is tuple

    def accepted(self) -> str:
        """Returns what may be given, in words; empty if any text may."""
        if self.choices:
            return _words(self.choices)
        if self.type is bool:
            return "true or false"
        if self.type in (int, float):
            return _range(self.declared.minimum, self.declared.maximum)
        return "a comma-separated list" if self._is_list else ""

    def parse(self, text: str) -> Any:
        """Returns the value of `text`. Raises ValueError with the reason if it is refused."""
        value = self._convert(text)
        if self.type in (int, float):
            low, high = self.declared.minimum, self.declared.maximum
            # This is written as "not inside" so that a NaN is refused as well.
            if not ((low is None or value >= low) and (high is None or value <= high)):
                raise ValueError("out of range")
        if self.declared.check is not None:
            reason = self.declared.check(text)
            if reason is not None:
                raise ValueError(reason)
        return value

    def _convert(self, text: str) -> Any:
        if self.choices:
            word = text.strip().lower()
            if word not in self.choices:
                raise ValueError("not one of the accepted words")
            return word
        if self._is_list:
            return tuple(part.strip() for part in text.split(",") if part.strip())
        reader = _READERS.get(self.type)
        return text if reader is None else reader(text)

    def format(self, value: Any) -> str:
        """Returns the text that `parse` turns back into `value`."""
        if self.type is bool:
            return "true" if value else "false"
        return ",".join(value) if self._is_list else str(value)

    def show(self, text: str) -> str:
        """Returns `text` as people may see it: quoted, and without its secret part."""
        return repr(mask(text)) if self.declared.secret else repr(text)


def _read_bool(text: str) -> bool:
    word = text.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError("neither true nor false")


def _read_int(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("not a whole number") from None


def _read_float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError("not a number") from None


def _read_path(text: str) -> Path:
    if not text.strip():
        raise ValueError("an empty path")
    return Path(text).expanduser()


_READERS: dict[Any, Callable[[str], Any]] = {
    bool: _read_bool,
    int: _read_int,
    float: _read_float,
    Path: _read_path,
}
"""The functions that read a text, by the type of the setting; other types take it unchanged. Each
raises ValueError with the reason if it refuses the text."""


def specs(cls: type[Any]) -> tuple[SettingSpec, ...]:
    """Returns the settings that `cls` declares, inherited ones first.

    Raises TypeError for a field that is not made by `setting`, or whose type cannot be read from
    text. That is a programmer's mistake, so it is not a `SettingsError`.
    """
    if cls not in _SPECS:
        _SPECS[cls] = _specs(cls)
    return _SPECS[cls]


_SPECS: Final[dict[type[Any], tuple[SettingSpec, ...]]] = {}
"""What `specs` has read from a class once. (mypy does not take a class for something that
`functools.cache` could keep.)"""


def _specs(cls: type[Any]) -> tuple[SettingSpec, ...]:
    hints = get_type_hints(cls)
    found = []
    for field in dataclasses.fields(cls):
        declared = field.metadata.get(_METADATA_KEY)
        if not isinstance(declared, _Declared):
            raise TypeError(f"{cls.__name__}.{field.name} is not made by setting(...)")
        hint = hints[field.name]
        if not _readable(hint):
            raise TypeError(f"{cls.__name__}.{field.name}: no reader for the type {hint}")
        found.append(SettingSpec(field.name, hint, field.default, declared))
    return tuple(found)


def _readable(hint: Any) -> bool:
    if hint in (str, int, float, bool, Path):
        return True
    if get_origin(hint) is Literal:
        return all(isinstance(word, str) and word == word.lower() for word in get_args(hint))
    return get_origin(hint) is tuple and get_args(hint) == (str, ...)


def _range(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"{low} to {high}"
    if low is not None:
        return f"{low} or more"
    return "" if high is None else f"{high} or less"


def _words(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]
