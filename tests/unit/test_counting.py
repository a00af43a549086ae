"""Tests the counts of hot paths as Prometheus sees them."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Histogram, generate_latest

from padfleet.shared.counting import QuickCounter, QuickCounters, QuickHistogram


def test_a_histogram_says_what_that_of_the_library_says() -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    bounds = (0.001, 0.5, 1, 10)
    quick = QuickHistogram("x_seconds", "text", bounds, ours)
    plain = Histogram("x_seconds", "text", buckets=bounds, registry=theirs)
    for value in (0, 0.001, 0.0011, 0.5, 1, 9.99, 10, 11, 1000):
        quick.observe(value)
        plain.observe(value)
    expected = [line for line in generate_latest(theirs).splitlines() if b"created" not in line]
    assert generate_latest(ours).splitlines() == expected


def test_counters_are_exported_for_prometheus() -> None:
    registry = CollectorRegistry()
    one = QuickCounter("frames", "text", registry)
    many = QuickCounters("messages", "text", "type", registry)
    one.value += 2
    many.add("A")
    many.add("A", 2)
    many.add("B")
    text = generate_latest(registry).decode()
    assert "frames_total 2.0" in text
    assert 'messages_total{type="A"} 3.0' in text
    assert 'messages_total{type="B"} 1.0' in text
