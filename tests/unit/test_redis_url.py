"""Redis URLs: all forms, and what is refused."""

from __future__ import annotations

import pytest

from padfleet.shared.settings.redis_url import RedisUrl, mask, parse, problem_with


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://h", RedisUrl("single", False, (("h", 6379),))),
        ("rediss://h:1/2", RedisUrl("single", True, (("h", 1),), db=2)),
        ("redis://:p%40@h", RedisUrl("single", False, (("h", 6379),), None, "p@")),
        ("redis://u:p@q@[::1]:7", RedisUrl("single", False, (("::1", 7),), "u", "p@q")),
        ("unix:///run/r.sock?db=3", RedisUrl("unix", False, db=3, path="/run/r.sock")),
        (
            "redis+sentinel://a,b:1/main/2",
            RedisUrl("sentinel", False, (("a", 26379), ("b", 1)), db=2, service="main"),
        ),
        (
            "rediss://h?ca=/c%20a.pem&cert=/c.pem&key=/k.pem",
            RedisUrl("single", True, (("h", 6379),), ca="/c a.pem", cert="/c.pem", key="/k.pem"),
        ),
        (
            "rediss+sentinel://a/main?ca=/c",
            RedisUrl("sentinel", True, (("a", 26379),), service="main", ca="/c"),
        ),
        ("rediss+cluster://a?ca=/c", RedisUrl("cluster", True, (("a", 6379),), ca="/c")),
        ("rediss+cluster://a:1,b/", RedisUrl("cluster", True, (("a", 1), ("b", 6379)))),
    ],
)
def test_addresses_of_every_kind_of_redis_are_read(url: str, expected: RedisUrl) -> None:
    assert parse(url) == expected
    assert parse(url).password == expected.password


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("localhost:6379", "not a Redis URL"),
        ("http://h", "not a Redis URL"),
        ("redis://", "not a host"),
        ("redis://h:0", "'0' is not a port"),
        ("redis://h:65536", "'65536' is not a port"),
        ("redis://h:x", "'x' is not a port"),
        ("redis://h/x", "'x' is not a database number"),
        ("redis://a,b", "several hosts"),
        ("redis://user@h", "no password"),
        ("redis://h?ssl=1", "?ssl=…"),
        ("redis://h?ca=/c", "?ca=…, but no TLS: write rediss"),
        ("rediss://h?ca=c.pem", "?ca= needs an absolute path"),
        ("rediss://h?cert=/c.pem", "?cert= and ?key= belong together"),
        ("unix://run/r.sock", "absolute path"),
        ("unix:///r.sock?x=1", "?x=…"),
        ("redis+sentinel://a", "names no service"),
        ("redis+cluster://a/1", "only database 0"),
        ("redis+cluster://a,,b", "'' is not a host"),
    ],
)
def test_refusals_name_the_reason(url: str, reason: str) -> None:
    assert reason in (problem_with(url) or "")


def test_nothing_is_no_problem() -> None:
    assert problem_with("") is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("redis://h:1/0", "redis://h:1/0"),
        ("redis://u:p@h", "redis://u:***@h"),
        ("redis://u:p@q@h", "redis://u:***@h"),
        ("redis://p@h", "redis://***@h"),
        ("redis://h?password=p", "redis://h?***"),
        ("hunter2", "***"),
        ("", ""),
    ],
)
def test_passwords_in_addresses_are_masked(text: str, shown: str) -> None:
    assert mask(text) == shown
