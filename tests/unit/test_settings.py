"""Settings: where values come from, and how wrong ones are refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.shared.settings import (
    FLEET,
    DoctorSettings,
    FanoutSettings,
    ProcessSettings,
    SettingsError,
    UpSettings,
    WriterSettings,
    described,
    environment_of,
    load,
    resolve,
    setting,
)
from padfleet.shared.settings.declare import PREFIX, specs
from padfleet.shared.settings.loading import _is_service_link

REDIS = {"REDIS_URL": "redis://localhost:6379/0"}


@dataclass(frozen=True, kw_only=True)
class Sample(ProcessSettings):
    """One setting of each type."""

    count: int = setting(3, "a number", unit="pads", minimum=1, maximum=10)
    ratio: float = setting(0.5, "a share", minimum=0, maximum=1)
    eager: bool = setting(False, "a switch")
    mode: Literal["one", "two"] = setting("one", "a choice")
    names: tuple[str, ...] = setting((), "a list")
    title: str = setting("x", "a text, 100 % of it")
    folder: Path = setting(Path("d"), "a path")
    token: str = setting("", "a secret", secret=True)

    def validate(self) -> Iterator[tuple[str, str]]:
        yield from super().validate()
        if self.eager and self.mode == "two":
            yield "mode", "two cannot be eager"


def problems(
    argv: list[str], environ: dict[str, str], cls: type[ProcessSettings] = Sample
) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        resolve(cls, "padfleet sample", argv, environ)
    return caught.value.problems


def sample(argv: list[str], environ: dict[str, str] | None = None) -> Sample:
    return resolve(Sample, "padfleet sample", argv, environ or {})


def test_defaults_hold_when_nothing_is_given() -> None:
    assert sample([]) == Sample()


def test_every_type_is_read_from_the_environment() -> None:
    environ = {
        "PADFLEET_COUNT": "7",
        "PADFLEET_RATIO": "0.25",
        "PADFLEET_EAGER": "Yes",
        "PADFLEET_NAMES": "a, b,,c",
        "PADFLEET_TITLE": "",
        "PADFLEET_FOLDER": "/srv/pads",
        "PADFLEET_TOKEN": "t",
    }
    assert sample([], environ) == Sample(
        count=7,
        ratio=0.25,
        eager=True,
        names=("a", "b", "c"),
        title="",
        folder=Path("/srv/pads"),
        token="t",
    )


def test_a_number_may_stand_among_blanks_and_a_path_has_those_that_it_is_given() -> None:
    environ = {"PADFLEET_COUNT": " 7 ", "PADFLEET_RATIO": " 1 ", "PADFLEET_EAGER": " yes "}
    found = sample([], {**environ, "PADFLEET_FOLDER": "/srv/pads "})
    assert found == Sample(count=7, ratio=1.0, eager=True, folder=Path("/srv/pads "))


def test_every_type_is_read_from_flags() -> None:
    argv = [
        "--count=7",
        "--ratio",
        "1",
        "--eager",
        "--mode",
        "ONE",
        "--names",
        "a",
        "--title",
        "-5",
    ]
    expected = Sample(count=7, ratio=1.0, eager=True, names=("a",), title="-5")
    assert sample(argv) == expected
    assert sample(["--eager=false"]) == Sample()


def test_flags_win_over_the_environment() -> None:
    assert sample(["--count", "9"], {"PADFLEET_COUNT": "7"}).count == 9
    # The one that lost is not judged either: it has no say.
    assert sample(["--count", "9"], {"PADFLEET_COUNT": "nine"}).count == 9


def test_an_empty_variable_is_no_number() -> None:
    assert sample([], {"PADFLEET_COUNT": "", "PADFLEET_MODE": " "}) == Sample()


@pytest.mark.parametrize("empty", [{}, {"PADFLEET_REDIS_URL": ""}])
def test_redis_url_falls_back_to_the_common_variable(empty: dict[str, str]) -> None:
    assert sample([], {"REDIS_URL": "redis://a", **empty}).redis_url == "redis://a"
    ours = {"REDIS_URL": "redis://a", "PADFLEET_REDIS_URL": "redis://b"}
    assert sample([], ours).redis_url == "redis://b"


def test_a_misspelt_variable_is_refused_with_the_name_that_was_meant() -> None:
    assert problems([], {"PADFLEET_CONUT": "7"}) == (
        "PADFLEET_CONUT: no such setting; did you mean PADFLEET_COUNT?",
    )
    assert problems([], {"PADFLEET_XYZZY": "7"}) == ("PADFLEET_XYZZY: no such setting; unset it",)


def test_the_variables_of_other_processes_are_accepted() -> None:
    environ = {spec.env: spec.format(spec.default) for cls in FLEET for spec in specs(cls)}
    environ["PADFLEET_REDIS_URL"] = "redis://a"
    for cls in FLEET:
        if cls is not UpSettings:  # its ports would be both a worker's and a writer's
            resolve(cls, "padfleet", [], environ | {"PADFLEET_PORT": "9001"})


def test_other_variables_are_ignored() -> None:
    sample([], {"PATH": "/bin", "PADFLEETS": "2", "padfleet_count": "x"})


def test_what_kubernetes_adds_for_services_is_no_setting() -> None:
    links = {
        "PADFLEET_PORT": "tcp://10.0.0.7:9001",
        "PADFLEET_SERVICE_HOST": "10.0.0.7",
        "PADFLEET_SERVICE_PORT": "9001",
        "PADFLEET_SERVICE_PORT_HTTP": "9001",
        "PADFLEET_PORT_9001_TCP": "tcp://10.0.0.7:9001",
        "PADFLEET_PORT_9001_TCP_ADDR": "10.0.0.7",
        "PADFLEET_WRITER_PORT": "tcp://10.0.0.8:9101",
    }
    assert resolve(WriterSettings, "w", [], links | REDIS).port == 9101


def test_no_setting_looks_like_what_kubernetes_adds() -> None:
    for cls in FLEET:
        for spec in specs(cls):
            assert not _is_service_link(spec.env, spec.format(spec.default)), spec.env


def test_all_problems_are_told_together_under_the_names_that_were_used() -> None:
    found = problems(
        ["--count", "0", "--modee=two", "stray", "--eager=maybe"],
        {"PADFLEET_RATIO": "nan", "PADFLEET_MODE": "three", "PADFLEET_CONUT": "1"},
    )
    assert found == (
        "PADFLEET_CONUT: no such setting; did you mean PADFLEET_COUNT?",
        "--modee: no such flag; did you mean --mode?",
        "'stray': unexpected argument",
        "--count: '0': out of range; accepted: 1 to 10 pads",
        "PADFLEET_RATIO: 'nan': out of range; accepted: 0 to 1",
        "--eager: 'maybe': neither true nor false; accepted: true or false",
        "PADFLEET_MODE: 'three': not one of the accepted words; accepted: one or two",
    )


def test_a_flag_without_its_value_is_refused() -> None:
    assert problems(["--count"], {}) == ("--count: expected one argument",)


def test_settings_that_do_not_go_together_are_refused() -> None:
    assert problems(["--eager"], {"PADFLEET_MODE": "two"}) == (
        "PADFLEET_MODE: two cannot be eager",
    )


def test_load_ends_the_process_with_code_2_and_no_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as caught:
        load(Sample, "padfleet sample", ["--count", "x"], {})
    assert caught.value.code == 2
    assert capsys.readouterr().err.splitlines() == [
        "padfleet sample: 1 problem",
        "  --count: 'x': not a whole number; accepted: 1 to 10 pads",
        "padfleet sample --help lists all settings.",
    ]


def test_help_tells_default_unit_and_variable(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as caught:
        load(Sample, "padfleet sample", ["--help"], {})
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert "a number [1 to 10 pads; default 3; PADFLEET_COUNT]" in text
    assert "a text, 100 % of it" in text
    assert "PADFLEET_REDIS_URL, else REDIS_URL" in text


@pytest.mark.parametrize("cls", FLEET)
def test_every_process_has_help(
    cls: type[ProcessSettings], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        load(cls, "padfleet x", ["--help"], {})
    assert PREFIX + "PARTITIONS" in capsys.readouterr().out


@pytest.mark.parametrize("cls", FLEET)
def test_every_default_would_be_accepted(cls: type[ProcessSettings]) -> None:
    for spec in specs(cls):
        assert spec.parse(spec.format(spec.default)) == spec.default, spec.name


def test_secrets_are_in_no_print() -> None:
    settings = sample(["--redis-url", "redis://user:hunter2@db:6379/1", "--token", "hunter2"])
    assert "hunter2" not in repr(settings)
    assert described(settings)["redis_url"] == "redis://user:***@db:6379/1"
    assert described(settings)["token"] == "***"
    (refused,) = problems(["--redis-url", "http://user:hunter2@db"], {})
    assert "hunter2" not in refused


def test_an_environment_gives_another_process_the_same_settings() -> None:
    settings = sample(
        ["--names", "a,b", "--eager", "--redis-url", "redis://:p@h", "--title", " x "]
    )
    assert sample([], environment_of(settings)) == settings
    assert environment_of(settings, ["count"]) == {"PADFLEET_COUNT": "3"}


@given(st.integers(1, 10), st.floats(0, 1), st.booleans(), st.text())
def test_what_is_formatted_is_read_back(count: int, ratio: float, eager: bool, title: str) -> None:
    settings = Sample(count=count, ratio=ratio, eager=eager, title=title)
    assert sample([], environment_of(settings)) == settings


def test_a_field_of_an_unreadable_type_is_a_mistake_of_ours() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Wrong(ProcessSettings):
        pairs: frozenset[str] = setting(frozenset(), "never")

    with pytest.raises(TypeError, match="pairs"):
        specs(Wrong)


def test_processes_that_need_redis_say_so() -> None:
    for cls in (FanoutSettings, WriterSettings, DoctorSettings):
        (problem,) = problems([], {}, cls)
        assert problem.startswith("--redis-url: needed")
    assert resolve(UpSettings, "up", [], {}).redis_url == ""


def test_a_writer_keeps_enough_for_a_snapshot() -> None:
    (found,) = problems(["--keep-revisions", "100"], REDIS, WriterSettings)
    assert found.startswith("--keep-revisions:")
    assert "--snapshot-every (200)" in found


def test_up_refuses_ports_that_collide_or_do_not_exist() -> None:
    (overlap,) = problems(["--writer-port", "9002", "--node", "off"], {}, UpSettings)
    assert overlap.startswith("--writer-port: workers (9001 to 9002) and writers (9002)")
    # The only writer is in the first worker's process, and has no port.
    assert resolve(UpSettings, "up", ["--writer-port", "9002"], {}).writer_ports == range(
        9002, 9002
    )
    (beyond,) = problems(["--port", "65535"], {}, UpSettings)
    assert beyond.startswith("--port: needs the ports 65535 to 65536")


@pytest.mark.parametrize(
    ("text", "units"), [("x" * 1000, 1001), ("\t" * 125, 1001), ("😀" * 500, 1001)]
)
def test_a_first_text_that_is_too_long_for_a_pad_is_refused(text: str, units: int) -> None:
    environ = {"PADFLEET_DEFAULT_PAD_TEXT": text, "PADFLEET_MAX_PAD_LENGTH": "1000"}
    environ["PADFLEET_REDIS_URL"] = "redis://127.0.0.1:1"
    with pytest.raises(SettingsError) as refused:
        resolve(FanoutSettings, "fanout", [], environ)
    (problem,) = refused.value.problems
    assert problem.startswith("PADFLEET_DEFAULT_PAD_TEXT: ")
    assert f"{units:,} UTF-16 code units" in problem
    assert "--max-pad-length" in problem
    fits = resolve(FanoutSettings, "fanout", [], {**environ, "PADFLEET_MAX_PAD_LENGTH": "1001"})
    assert len(fits.first_text) == 1000


def test_I9_the_first_text_is_in_code_units_and_without_tabs() -> None:
    settings = FanoutSettings(default_pad_text="a\r\nb\rc\t😀")
    assert settings.first_text == "a\nb\nc        \ud83d\ude00"
