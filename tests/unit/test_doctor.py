"""Tests the judgements of the doctor."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from padfleet.services.tools.doctor import checks
from padfleet.services.tools.doctor.checks import DoctorFinding, Level
from padfleet.services.tools.doctor.facts import ClusterFacts, Facts, HalfMoved, ServerFacts
from padfleet.services.tools.doctor.report import lines, summary

GOOD_CONFIG = {
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory-policy": "noeviction",
    "client-output-buffer-limit": (
        "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"
    ),
}
GOOD = ServerFacts(
    name="a:6379",
    info={"redis_version": "7.2.4", "role": "master", "used_memory": 1, "maxmemory": 0},
    config=GOOD_CONFIG,
    scripting_error=None,
    sharded_pubsub_error=None,
    ping_ms=0.2,
)
WHOLE = ClusterFacts(state="ok", slots_assigned=16384, slots_ok=16384, primaries=3)


def with_info(**changes: Any) -> ServerFacts:
    return replace(GOOD, info={**GOOD.info, **changes})


def with_config(name: str, value: str) -> ServerFacts:
    return replace(GOOD, config={**GOOD_CONFIG, name: value})


def test_a_good_server_has_no_complaints() -> None:
    findings = checks.judge(Facts("single", (GOOD,), None))
    assert {finding.level for finding in findings} == {"ok"}
    assert not any(finding.fix for finding in findings)


@pytest.mark.parametrize(
    ("info", "level", "found"),
    [
        ({"redis_version": "6.2.14"}, "fail", "redis 6.2.14"),
        ({"redis_version": "7.0.0"}, "ok", "redis 7.0.0"),
        ({"redis_version": "10.1"}, "ok", "redis 10.1"),
        ({"redis_version": "7.2.4", "valkey_version": "9.1.2"}, "ok", "valkey 9.1.2"),
        ({}, "warn", "unknown: INFO is forbidden"),
    ],
)
def test_the_doctor_judges_the_version(info: dict[str, str], level: Level, found: str) -> None:
    finding = checks.version(replace(GOOD, info=info))
    assert (finding.level, finding.found) == (level, found)


def test_a_replica_takes_no_writes() -> None:
    finding = checks.role(with_info(role="slave", master_host="b", master_port=1))
    assert finding.level == "fail"
    assert "redis://b:1" in finding.fix


def test_what_is_forbidden_or_does_not_work_fails() -> None:
    assert checks.scripting(replace(GOOD, scripting_error="NOPERM")).level == "fail"
    assert checks.sharded_pubsub(replace(GOOD, sharded_pubsub_error="NOPERM")).level == "fail"


@pytest.mark.parametrize(
    ("server", "level", "found"),
    [
        (GOOD, "ok", "appendfsync everysec"),
        (with_config("appendfsync", "no"), "warn", "appendfsync no"),
        (with_config("appendonly", "no"), "warn", "a restart loses pads"),
        (
            replace(GOOD, config={**GOOD_CONFIG, "appendonly": "no", "save": "3600 1"}),
            "warn",
            "after the last RDB snapshot",
        ),
        (with_info(aof_last_write_status="err"), "fail", "failed"),
        (replace(with_info(aof_enabled=0), config=None), "warn", "appendonly no"),
        (replace(with_info(aof_enabled=1), config=None), "ok", "appendfsync unknown"),
        (replace(GOOD, config=None), "warn", "unknown"),
    ],
)
def test_the_doctor_judges_persistence(server: ServerFacts, level: Level, found: str) -> None:
    finding = checks.persistence(server)
    assert finding.level == level
    assert found in finding.found


@pytest.mark.parametrize(
    ("server", "level"),
    [
        (with_config("maxmemory-policy", "allkeys-lru"), "fail"),
        (replace(with_info(maxmemory=1, maxmemory_policy="allkeys-lru"), config=None), "fail"),
        (replace(with_info(maxmemory_policy="noeviction"), config=None), "ok"),
        (replace(GOOD, config=None), "warn"),
    ],
)
def test_the_doctor_judges_eviction(server: ServerFacts, level: Level) -> None:
    assert checks.eviction(server).level == level


def test_memory_that_is_nearly_full_is_warned_of() -> None:
    assert checks.memory(with_info(used_memory=79, maxmemory=100)).level == "ok"
    assert checks.memory(with_info(used_memory=80, maxmemory=100)).level == "warn"


@pytest.mark.parametrize(
    ("limit", "level"),
    [("33554432", "ok"), ("1048576", "warn"), ("0", "warn"), ("", "ok")],
)
def test_the_doctor_judges_the_buffer_of_subscribers(limit: str, level: Level) -> None:
    text = f"normal 0 0 0 pubsub {limit} 0 0" if limit else "normal 0 0 0"
    assert checks.pubsub_buffer(with_config("client-output-buffer-limit", text)).level == level


def test_a_slow_answer_is_warned_of() -> None:
    assert checks.latency(replace(GOOD, ping_ms=4.9)).level == "ok"
    assert checks.latency(replace(GOOD, ping_ms=5.0)).level == "warn"


def test_the_url_has_to_fit_the_servers() -> None:
    assert checks.topology("single", {"cluster_enabled": 1}).level == "fail"
    assert checks.topology("single", {"redis_mode": "sentinel"}).level == "fail"
    assert checks.topology("cluster", {"cluster_enabled": 0}).level == "fail"
    assert checks.topology("cluster", {"cluster_enabled": 1}).level == "ok"


def test_a_primary_without_a_replica_is_warned_of_where_one_is_meant_to_take_over() -> None:
    assert checks.replicas("single", {"connected_slaves": 0}).level == "ok"
    assert checks.replicas("sentinel", {"connected_slaves": 0}).level == "warn"
    assert checks.replicas("cluster", {"connected_slaves": 1}).level == "ok"


MOVING = (HalfMoved(7, "a:1", "migrating"), HalfMoved(7, "b:2", "importing"))


@pytest.mark.parametrize(
    ("facts", "levels"),
    [
        (WHOLE, ["ok", "ok"]),
        (replace(WHOLE, state="fail", slots_assigned=16383), ["fail", "fail"]),
        (replace(WHOLE, slots_ok=10000), ["ok", "fail"]),
        (replace(WHOLE, half_moved=MOVING), ["ok", "ok", "warn"]),
        (replace(WHOLE, half_moved=MOVING, padfleets=frozenset({8})), ["ok", "ok", "warn"]),
        (replace(WHOLE, half_moved=MOVING, padfleets=frozenset({7})), ["ok", "ok", "fail"]),
    ],
)
def test_the_doctor_judges_a_cluster(facts: ClusterFacts, levels: list[Level]) -> None:
    assert [finding.level for finding in checks.cluster(facts)] == levels


def test_what_all_servers_share_is_said_once() -> None:
    other = replace(GOOD, name="b:6379", config={**GOOD_CONFIG, "appendonly": "no"})
    findings = checks.judge(Facts("cluster", (GOOD, other), WHOLE))
    versions = [finding.found for finding in findings if finding.name == "version"]
    assert versions == ["redis 7.2.4 (2 servers)"]
    persistence = [finding.found for finding in findings if finding.name == "persistence"]
    assert persistence[0].startswith("a:6379: appendonly yes")
    assert persistence[1].startswith("b:6379: appendonly no")


def test_the_report_is_one_line_each_and_a_summary() -> None:
    findings = [
        DoctorFinding("ok", "version", "7.2"),
        DoctorFinding("fail", "eviction", "lru", "change it"),
    ]
    assert list(lines(findings)) == [
        "ok    version   7.2",
        "fail  eviction  lru  -> change it",
        "not fit for a fleet: 2 checks, 1 failed, 0 warned",
    ]
    assert summary([DoctorFinding("warn", "a", "b")]).startswith(
        "fit for a fleet, with reservations"
    )
