"""Pings for all sockets from one place."""

from __future__ import annotations

from padfleet.services.fanout.transport.heartbeat import Heartbeat


class Socket:
    def __init__(self) -> None:
        self.pinged: list[float] = []
        self.answered = True
        self.is_lost = False

    def ping(self, now: float) -> None:
        self.pinged.append(now)

    def silent_since(self) -> float | None:
        return None if self.answered or not self.pinged else self.pinged[0]

    def end_silent(self) -> None:
        self.is_lost = True


def test_each_socket_is_pinged_once_in_an_interval() -> None:
    sockets = {"a": Socket(), "b": Socket()}
    heartbeat = Heartbeat(sockets.get, interval=25, timeout=20)
    heartbeat.add("a", 0.0)
    heartbeat.add("b", 10.0)
    for now in range(101):
        heartbeat.beat(float(now))
    assert sockets["a"].pinged == [25, 50, 75, 100]
    assert sockets["b"].pinged == [35, 60, 85]
    assert not sockets["a"].is_lost


def test_a_socket_that_does_not_answer_is_lost_after_the_timeout() -> None:
    silent = Socket()
    silent.answered = False
    heartbeat = Heartbeat({"a": silent}.get, interval=25, timeout=20)
    heartbeat.add("a", 0.0)
    heartbeat.beat(25.0)
    heartbeat.beat(44.9)
    assert not silent.is_lost
    heartbeat.beat(45.0)
    assert silent.is_lost


def test_a_socket_that_has_gone_is_forgotten() -> None:
    sockets = {"a": Socket()}
    heartbeat = Heartbeat(sockets.get, interval=25, timeout=20)
    heartbeat.add("a", 0.0)
    gone = sockets.pop("a")
    for now in range(100):
        heartbeat.beat(float(now))
    assert gone.pinged == []
