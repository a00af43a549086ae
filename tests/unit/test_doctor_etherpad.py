"""Tests what an Etherpad's settings.json means for a fleet."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from padfleet.services.tools.doctor.__main__ import main
from padfleet.services.tools.doctor.database import import_source
from padfleet.services.tools.doctor.etherpad import (
    JUDGES,
    NotReadable,
    SettingVerdict,
    judge_settings,
    read_settings,
)
from padfleet.shared.settings import FanoutSettings, WriterSettings
from padfleet.shared.settings.declare import specs
from padfleet.shared.settings.loading import resolve

KNOWN = {spec.env for kind in (FanoutSettings, WriterSettings) for spec in specs(kind)}

COMMENTED = """
/* All of it
   is explained. */
{
  // a line
  "title": "http://not-a-comment/ /* nor this */", // but this
  "port": "${PORT:9001}",
  "dbType": "${DB_TYPE}", /* between */
  "requireSession": "${SESSIONS:true}",
  "socketIo": { "maxHttpBufferSize": 50000, /* the last one */ },
  "ep_comments_page": {"displayCommentAsIcon": true}, // }
}
"""


def judged(settings: dict[str, object]) -> dict[str, SettingVerdict]:
    return {verdict.name: verdict for verdict in judge_settings(settings)}


def test_comments_commas_and_variables_are_read_as_etherpad_reads_them() -> None:
    found = read_settings(COMMENTED, {"DB_TYPE": "mysql"})
    assert found["title"] == "http://not-a-comment/ /* nor this */"
    assert (found["port"], found["dbType"], found["requireSession"]) == (9001, "mysql", True)
    assert found["socketIo"] == {"maxHttpBufferSize": 50_000}
    assert read_settings(COMMENTED, {})["dbType"] is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"a": }',
        "[" * 100_000,
        '{"a":' + "[" * 600 + "]" * 600 + "}",
        "nonsense",
        '{"port": ' + "9" * 5_000 + "}",
        "/*" * 1_000_000,
        '"\\' * 1_000_000,
        ", " * 1_000_000,
    ],
    ids=lambda text: text[:12],
)
def test_what_is_no_settings_file_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(NotReadable):
        read_settings(text, {})


NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, "x", 5, 1.5, [], {}, NAN, INFINITY, 10**4_000),
        {"max": "x", "windowMs": 0},
        {"max": NAN, "windowMs": 1, "points": INFINITY, "duration": -1},
        {"max": 10**4_000, "windowMs": 1e-308, "points": 1e308, "duration": 1e-308},
    ],
    ids=lambda value: str(value)[:20] if not isinstance(value, int) else "number",
)
def test_whatever_a_setting_holds_something_is_said(value: object) -> None:
    for name in (*JUDGES, "ep_plugin", "unheardOf"):
        verdict = judged({name: value})[name]
        assert {setting for setting, _ in verdict.environ} <= KNOWN, name
        assert len(verdict.found) <= 40


def test_a_variable_of_many_lines_without_an_end_is_a_text() -> None:
    text = "${A:" + "\n" * 60
    assert read_settings(json.dumps({"title": text}), {})["title"] == text


@pytest.mark.parametrize(
    "settings",
    [
        {"ssl": {"key": "hunter2"}},
        {"toolbar": [["hunter2"]], "padOptions": {"token": "hunter2"}},
        {"publicURL": "https://u:hunter2@pads.example.org/"},
        {"unheardOf": "hunter2", "ep_x": {"password": "hunter2"}},
        {"dbType": "redis", "dbSettings": {"url": {"password": "hunter2"}}},
        {"dbType": "mongodb", "dbSettings": {"url": "mongodb://u:hunter2@[::1"}},
    ],
    ids=str,
)
def test_no_secret_is_printed_wherever_it_is(
    settings: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps(settings))
    assert main(["--etherpad", str(file)]) == 0
    printed = "".join(capsys.readouterr())
    assert "database cannot be read" in printed or "its pads:" in printed
    assert "hunter2" not in printed


def test_settings_do_not_control_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"title": "\\u001b[2J\\u009b31m", "a\\u001bb\\ud800": 1}')
    assert main(["--etherpad", str(file)]) == 0
    printed = capsys.readouterr().out
    assert not [char for char in printed if char != "\n" and not char.isprintable()]


def test_of_a_file_without_an_end_only_the_beginning_is_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--etherpad", "/dev/zero"]) == 2
    assert "longer than 10,000,000 characters" in capsys.readouterr().err


def test_what_is_to_be_set_is_taken_by_the_processes() -> None:
    settings = {
        "defaultPadText": "Hello\n",
        "requireSession": True,
        "editOnly": True,
        "importMaxFileSize": 20_000,
        "commitRateLimiting": {"points": 30, "duration": 2},
        "importExportRateLimiting": {"max": 10, "windowMs": 90_000},
        "trustProxy": True,
        "socketIo": {"maxHttpBufferSize": 2_000_000},
        "cookie": {"prefix": "ep_"},
        "port": 9100,
        "ip": "127.0.0.1",
        "loglevel": "WARN",
        "allowPadDeletionByAllUsers": True,
    }
    environ = dict(pair for verdict in judge_settings(settings) for pair in verdict.environ)
    environ["PADFLEET_REDIS_URL"] = "redis://h"
    taken = resolve(FanoutSettings, "fanout", [], environ)
    assert (taken.default_pad_text, taken.port, taken.log_level) == ("Hello\n", 9100, "warning")
    assert (taken.commits_per_second, taken.imports_per_minute_per_address) == (15, 7)
    assert taken.require_session
    assert taken.cookie_prefix == "ep_"


def test_what_padfleet_would_not_start_with_is_said_and_not_set() -> None:
    verdict = judged({"importMaxFileSize": 1})["importMaxFileSize"]
    assert (verdict.kind, verdict.environ) == ("else", ())
    assert "PADFLEET_IMPORT_MAX_BYTES=1 is not taken: out of range" in verdict.what


def test_no_secret_is_shown() -> None:
    settings = {
        "dbSettings": {"password": "hunter2"},
        "users": {"admin": {"password": "hunter2"}},
        "sso": {"clients": [{"client_secret": "hunter2"}]},
        "ep_ldapauth": {"searchPWD": "hunter2"},
        "ep_secret": "hunter2",
        "sessionKey": "hunter2",
    }
    assert "hunter2" not in repr(list(judge_settings(settings)))


def test_a_setting_that_is_not_known_is_shown_if_it_is_a_switch() -> None:
    assert judged({"ep_x": True})["ep_x"].found == "true"


def test_erasing_authors_is_off_unless_it_is_enabled() -> None:
    assert judged({"gdprAuthorErasure": {"enabled": False}})["gdprAuthorErasure"].kind == "same"
    verdict = judged({"gdprAuthorErasure": {"enabled": True}})["gdprAuthorErasure"]
    assert verdict.environ == (("PADFLEET_AUTHOR_ERASURE", "true"),)


def test_documents_are_not_said_to_be_missing() -> None:
    assert "padfleet[documents]" in judged({"docxExport": True})["docxExport"].what


@pytest.mark.parametrize(
    ("kind", "given", "source"),
    [
        ("dirty", {"filename": "var/x.db"}, "var/x.db"),
        (None, None, "var/dirty.db"),
        ("sqlite", {"filename": "var/sqlite.db"}, "var/sqlite.db"),
        ("sqlite", {}, None),
        ("couch", {"host": "db", "database": "p"}, "couchdb://db:5984/p"),
        (
            "couch",
            {"host": "db", "port": 1, "user": "u", "password": "x", "database": "p"},
            "couchdb://u:PASSWORD@db:1/p",
        ),
        ("mongodb", {"url": "mongodb://u:x@db", "database": "p"}, "mongodb://u:PASSWORD@db/p"),
        (
            "mongodb",
            {"url": "mongodb+srv://db/p?tls=true", "collection": "c"},
            "mongodb+srv://db/p?tls=true&collection=c",
        ),
        ("redis", {"url": "redis://r:1/2"}, "redis://r:1/2"),
        ("redis", {"url": "redis://:p@ss@r:1"}, "redis://:PASSWORD@r:1"),
        ("postgres", "postgres://u:p@db:1/pads?ssl=1", "postgresql://u:PASSWORD@db:1/pads?ssl=1"),
        (
            "postgres",
            "postgres://db/pads?user=u&Password=p%26&ssl=1",
            "postgresql://db/pads?user=u&Password=PASSWORD&ssl=1",
        ),
        (
            "mongodb",
            {"url": "mongodb://db/p?tlsCertificateKeyFilePassword=x"},
            "mongodb://db/p?tlsCertificateKeyFilePassword=PASSWORD",
        ),
        ("postgrespool", {"connectionString": "postgres://u@db/p"}, "postgresql://u@db/p"),
        (
            "mysql",
            {"user": "e@x", "host": "db", "port": 3307, "password": "p", "database": "store"},
            "mysql://e%40x:PASSWORD@db:3307/store",
        ),
        ("postgres", {"user": "e"}, "postgresql://e@127.0.0.1:5432/etherpad"),
        ("rustydb", {}, None),
    ],
)
def test_where_its_pads_are_imported_from(
    kind: str | None, given: object, source: str | None
) -> None:
    assert import_source({"dbType": kind, "dbSettings": given}) == source


def test_the_command_says_all_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "settings.json"
    path.write_text("\ufeff" + json.dumps({"port": 9100, "ep_markdown": {}, "dbType": "dirty"}))
    assert main(["--etherpad", str(path)]) == 0
    said = capsys.readouterr().out
    assert "PADFLEET_PORT=9100" in said
    assert "padfleet import var/dirty.db --dry-run" in said
    assert main(["--etherpad", str(tmp_path / "none.json")]) == 2
