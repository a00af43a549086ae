"""Tests who holds the most of something, against the same by counting."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from padfleet.services.fanout.limits.holders import Holders
from padfleet.shared.payers import Payer

PAYERS = [Payer(f"192.0.2.{number}") for number in range(4)]
THINGS = range(12)


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(PAYERS), st.sampled_from(THINGS))))
def test_the_largest_is_who_holds_the_most(steps: list[tuple[bool, Payer, int]]) -> None:
    holders: Holders[int] = Holders()
    held: dict[Payer, list[int]] = {payer: [] for payer in PAYERS}
    for adds, payer, thing in steps:
        if adds:
            holders.add(payer, thing)
            if thing not in held[payer]:
                held[payer].append(thing)
        else:
            holders.remove(payer, thing)
            if thing in held[payer]:
                held[payer].remove(thing)
        most = max(map(len, held.values()))
        for who in PAYERS:
            found = holders.of_the_largest(who)
            if most > len(held[who]) + 1:
                assert found in [mine[0] for mine in held.values() if len(mine) == most]
            else:
                assert found is None
