"""Tests that every process derives the same trace from a submission's name alone."""

from hypothesis import given
from hypothesis import strategies as st

from padfleet.shared import tracing
from padfleet.shared.log.records import Origin
from padfleet.shared.tracing.identity import TraceIdentity, identify

origins = st.builds(Origin, st.text(), st.integers(0, 1 << 40))


@given(origins)
def test_a_submission_is_one_trace(origin: Origin) -> None:
    identity = identify(origin)
    assert identity == identify(Origin(*origin))
    assert 0 < identity.trace < 1 << 128
    assert 0 < identity.root < 1 << 64


def test_each_submission_is_a_trace_of_its_own() -> None:
    names = [Origin(session, seq) for session in ("a", "b", "a 1") for seq in range(1, 20)]
    assert len({identify(name).trace for name in names}) == len(names)


@given(origins, st.floats(0, 1), st.floats(0, 1))
def test_processes_with_different_shares_agree_on_the_smaller(
    origin: Origin, one: float, other: float
) -> None:
    identity = identify(origin)
    if identity.is_within(min(one, other)):
        assert identity.is_within(max(one, other))


def test_the_share_is_kept() -> None:
    found = sum(identify(Origin("session", seq)).is_within(0.1) for seq in range(10_000))
    assert 900 < found < 1100


def test_a_share_of_one_traces_all_and_of_nought_none() -> None:
    least, most = TraceIdentity(1 << 56, 1), TraceIdentity((1 << 128) - 1, 1)
    assert most.is_within(1.0)
    assert not least.is_within(0.0)


def test_off_unless_asked_for() -> None:
    tracing.begin("test", 0.0)
    assert not tracing.is_on()
    assert tracing.chosen(Origin("session", 1)) is None
    tracing.end()
