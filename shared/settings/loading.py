"""This module turns flags and environment into one settings object, or reports every reason why it
cannot, at once.

Flags win over the environment, and the environment wins over the defaults. A `PADFLEET_*` variable
that no process of the fleet knows is refused: otherwise a misspelt setting would silently do
nothing, and be found only when it hurts. One that another process knows is accepted, because a
whole fleet shares one environment.
"""

from __future__ import annotations

import argparse
import difflib
import inspect
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NoReturn, TypeVar

from padfleet.shared.settings.declare import PREFIX, SettingSpec, specs
from padfleet.shared.settings.fleet import FLEET
from padfleet.shared.settings.process import ProcessSettings

S = TypeVar("S", bound=ProcessSettings)

USAGE_ERROR: Final = 2


class SettingsError(Exception):
    """Says why the settings were refused; `problems` has one line for each reason."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


def load(
    cls: type[S],
    prog: str,
    argv: Sequence[str],
    environ: Mapping[str, str],
) -> S:
    """Returns the settings of one process. A usage error is printed, and ends the process with code
    2.

    `--help` prints the settings, and ends it with code 0.
    """
    try:
        return resolve(cls, prog, argv, environ)
    except SettingsError as error:
        count = len(error.problems)
        print(f"{prog}: {count} {'problem' if count == 1 else 'problems'}", file=sys.stderr)
        for problem in error.problems:
            print(f"  {problem}", file=sys.stderr)
        print(f"{prog} --help lists all settings.", file=sys.stderr)
        raise SystemExit(USAGE_ERROR) from None


def resolve(
    cls: type[S],
    prog: str,
    argv: Sequence[str],
    environ: Mapping[str, str],
) -> S:
    """Does what `load` does, but raises SettingsError instead, and prints nothing but `--help`."""
    declared = specs(cls)
    known = {spec.env: spec for known_cls in (*FLEET, cls) for spec in specs(known_cls)}
    environ = {name: text for name, text in environ.items() if not _is_service_link(name, text)}
    problems = [_unknown_variable(name, known) for name in sorted(environ) if _stray(name, known)]

    flags, flag_problems = _read_flags(declared, prog, inspect.getdoc(cls) or "", argv)
    problems += flag_problems

    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for spec in declared:
        source, text = _given(spec, flags, environ)
        sources[spec.name] = source
        if text is None:
            continue
        try:
            values[spec.name] = spec.parse(text)
        except ValueError as error:
            accepted = spec.accepted()
            hint = f"; accepted: {_with_unit(accepted, spec)}" if accepted else ""
            problems.append(f"{source}: {spec.show(text)}: {error}{hint}")
    if problems:
        raise SettingsError(problems)

    settings = cls(**values)
    # Values can be compared with each other only once all of them are valid.
    problems = [f"{sources[name]}: {reason}" for name, reason in settings.validate()]
    if problems:
        raise SettingsError(problems)
    return settings


def environment_of(settings: ProcessSettings, names: Iterable[str] | None = None) -> dict[str, str]:
    """Returns the variables that give another process these settings (all, or those in `names`)."""
    wanted = None if names is None else set(names)
    return {
        spec.env: spec.format(getattr(settings, spec.name))
        for spec in specs(type(settings))
        if wanted is None or spec.name in wanted
    }


def described(settings: ProcessSettings) -> dict[str, str]:
    """Returns every setting as text fit for a log: secrets are masked."""
    shown = {}
    for spec in specs(type(settings)):
        text = spec.format(getattr(settings, spec.name))
        shown[spec.name] = spec.show(text)[1:-1] if spec.declared.secret else text
    return shown


def _given(
    spec: SettingSpec, flags: Mapping[str, str], environ: Mapping[str, str]
) -> tuple[str, str | None]:
    """Returns where the value of `spec` comes from, as the user wrote it, and its text."""
    if spec.name in flags:
        return spec.flag, flags[spec.name]
    text = environ.get(spec.env)
    if not text and spec.env_fallback and environ.get(spec.env_fallback):
        return spec.env_fallback, environ[spec.env_fallback]
    if text is None or (not text.strip() and not spec.takes_empty):
        return spec.flag, None
    return spec.env, text


# --- variables that nobody declared ---------------------------------------------------------------

# Kubernetes puts one set of these into every pod for each Service of the namespace. A Service named
# "padfleet" or "padfleet-writer" makes names with our prefix, such as
# PADFLEET_PORT=tcp://10.0.0.7:9001, which nobody has set.
_SERVICE_LINK_NAME: Final = re.compile(
    r".+_SERVICE_HOST|.+_SERVICE_PORT(_\w+)?|.+_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?"
)
_SERVICE_LINK_VALUE: Final = re.compile(r"(tcp|udp|sctp)://\S+:\d+")


def _is_service_link(name: str, text: str) -> bool:
    if not name.startswith(PREFIX):
        return False
    if _SERVICE_LINK_NAME.fullmatch(name):
        return True
    return name.endswith("_PORT") and _SERVICE_LINK_VALUE.fullmatch(text) is not None


def _stray(name: str, known: Mapping[str, SettingSpec]) -> bool:
    return name.startswith(PREFIX) and name not in known


def _unknown_variable(name: str, known: Mapping[str, SettingSpec]) -> str:
    hint = _close(name, known)
    return f"{name}: no such setting{hint or '; unset it'}"


def _close(word: str, known: Iterable[str]) -> str:
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.75)
    return f"; did you mean {matches[0]}?" if matches else ""


# --- flags ----------------------------------------------------------------------------------------


class _FlagError(Exception):
    pass


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        # argparse would print the first problem and exit; here, all problems are collected.
        raise _FlagError(message)


def _read_flags(
    declared: Sequence[SettingSpec], prog: str, description: str, argv: Sequence[str]
) -> tuple[dict[str, str], list[str]]:
    """Returns the texts of the flags that were given, and what is wrong with the rest.

    Every flag is read as text: values are checked in one place, wherever they come from.
    """
    parser = _Parser(
        prog=prog,
        description=description,
        allow_abbrev=False,
        argument_default=argparse.SUPPRESS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Flags win over variables, variables over defaults.",
    )
    for spec in declared:
        parser.add_argument(
            spec.flag,
            dest=spec.name,
            help=_help(spec).replace("%", "%%"),
            metavar=_metavar(spec),
            nargs="?" if spec.is_switch else None,
            const="true" if spec.is_switch else None,
        )
    try:
        namespace, rest = parser.parse_known_args(list(argv))
    except _FlagError as error:
        return {}, [str(error).removeprefix("argument ")]
    names = [spec.flag for spec in declared]
    problems = []
    for word in rest:
        flag = word.partition("=")[0]
        if flag.startswith("-"):
            problems.append(f"{flag}: no such flag{_close(flag, names)}")
        else:
            problems.append(f"{word!r}: unexpected argument")
    return vars(namespace), problems


def _metavar(spec: SettingSpec) -> str:
    if spec.choices:
        return "|".join(spec.choices)
    if spec.is_switch:
        return "TRUE|FALSE"
    # The value of `joins_per_second` is a number of joins.
    return (spec.unit or spec.name.partition("_per_")[0].rpartition("_")[2]).upper()


def _help(spec: SettingSpec) -> str:
    text = spec.format(spec.default)
    default = spec.show(text) if isinstance(spec.default, str) and not spec.choices else text
    accepted = "" if spec.choices or spec.is_switch else spec.accepted()
    facts = [
        _with_unit(accepted, spec) if accepted else "",
        f"default {'none' if text == '' else default}",
        spec.env + (f", else {spec.env_fallback}" if spec.env_fallback else ""),
    ]
    return f"{spec.help} [{'; '.join(fact for fact in facts if fact)}]"


def _with_unit(text: str, spec: SettingSpec) -> str:
    return f"{text} {spec.unit}" if spec.unit else text
