"""Tests the same promises with cases that Hypothesis makes, and makes small when they fail.

It also plays sequences: sockets of one worker that come, speak and go in any order.
"""

from __future__ import annotations

import os
from contextlib import suppress
from copy import deepcopy
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, rule

from padfleet.services.fanout.delivery.pools import SentPools
from padfleet.services.fanout.requests.commits import _parse
from padfleet.shared.easysync import AttributePool, EasysyncError, check_rep, unpack
from padfleet.shared.wire import jsontext, socketio
from padfleet.shared.wire.jsontext import BadJson
from padfleet.shared.wire.socketio import BadPacket
from tests.fuzz import corpus, messages
from tests.fuzz.catalogue import TARGETS
from tests.fuzz.strategies import (
    changesets,
    engineio_packets,
    etherpad_messages,
    json_values,
    pools,
    sources,
)
from tests.fuzz.target import attempt
from tests.fuzz.worker import Connection, Worker

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES") or 25)
"""How many examples of each property are tried; `make fuzz` sets it."""

SOME = settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), database=None)


@pytest.mark.parametrize("name", TARGETS)
@SOME
@given(source=sources)
def test_a_target_with_the_choices_of_hypothesis(name: str, source: Random) -> None:
    attempt(TARGETS[name], TARGETS[name].make(source))


@SOME
@given(json_values)
def test_a_value_survives_its_way(value: Any) -> None:
    text = jsontext.dumps(value)
    text.encode()
    assert jsontext.loads(text) == jsontext.loads(jsontext.dumps(jsontext.loads(text)))


@SOME
@given(st.binary(max_size=60))
def test_json_is_read_or_refused(data: bytes) -> None:
    with suppress(BadJson):
        jsontext.dumps(jsontext.loads(data)).encode()


@SOME
@given(engineio_packets)
def test_packets_are_read_or_refused(packet: str) -> None:
    with suppress(BadPacket):
        socketio.decode(packet)


@SOME
@given(changesets)
def test_changesets_are_read_or_refused(changeset: str) -> None:
    with suppress(EasysyncError):
        unpack(changeset)
        assert check_rep(changeset) == changeset


@SOME
@given(pools)
def test_pools_are_read_or_refused(pool: Any) -> None:
    with suppress(EasysyncError):
        read = AttributePool.from_jsonable(pool)
        assert AttributePool.from_jsonable(read.to_wire()).to_jsonable() == read.to_jsonable()


@SOME
@given(etherpad_messages)
def test_what_is_handed_to_a_writer(message: Any) -> None:
    data = message.get("data") if isinstance(message, dict) else None
    if isinstance(data, dict):
        with suppress(EasysyncError, ValueError):
            base, changeset = _parse(data)
            assert (type(base), type(changeset)) == (int, str)
            sent = SentPools()
            pool = sent.read(data.get("apool"))
            assert pool == AttributePool.from_jsonable(pool).to_jsonable()
            assert sent.read(deepcopy(data.get("apool"))) == pool
            jsontext.dumps(pool)


class Sockets(RuleBasedStateMachine):
    """Connections to one worker. Whatever they do, nothing may be left of them when they are
    gone."""

    connections: Bundle[Connection] = Bundle("connections")

    def __init__(self) -> None:
        super().__init__()
        self.worker = Worker()

    @rule(target=connections, polling=st.booleans())
    def come(self, polling: bool) -> Connection:
        return self.worker.open(polling=polling)

    @rule(connection=connections)
    def connect(self, connection: Connection) -> None:
        self.worker.say(connection, "40")

    @rule(connection=connections)
    def join(self, connection: Connection) -> None:
        self.worker.say(connection, f"421{jsontext.dumps(['message', corpus.MESSAGES[0]])}")

    @rule(connection=connections, message=etherpad_messages, ack=st.sampled_from(["", "7"]))
    def say(self, connection: Connection, message: Any, ack: str) -> None:
        self.worker.say(connection, f"42{ack}{jsontext.dumps(['message', message])}")

    @rule(connection=connections, packet=engineio_packets)
    def say_anything(self, connection: Connection, packet: str) -> None:
        self.worker.say(connection, packet)

    @rule(connection=connections, source=sources)
    def write_anything(self, connection: Connection, source: Random) -> None:
        self.worker.write(connection, messages.frames(source, [messages.packet(source)]))

    @rule(connection=consumes(connections))
    def vanish(self, connection: Connection) -> None:
        self.worker.vanish(connection)

    def teardown(self) -> None:
        try:
            self.worker.all_gone()
        finally:
            self.worker.close()


TestSockets = Sockets.TestCase
TestSockets.settings = settings(SOME, max_examples=max(EXAMPLES // 5, 5), stateful_step_count=15)
