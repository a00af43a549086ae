"""Tests what counts as agreement in the end, and what is reported otherwise."""

from __future__ import annotations

from padfleet.services.tools.loadtest.agreement import Spread, Text, differences, quiet

SAME = Spread(9, 9, 40, 40, 0)
TEXT = Text("pad", 9, 40, "abc")


def test_the_same_text_everywhere_is_no_difference() -> None:
    assert quiet({"pad": SAME}, [TEXT, TEXT])
    assert differences({"pad": SAME}, [TEXT, TEXT]) == []


def test_a_pad_with_waiting_clients_is_not_quiet() -> None:
    assert not quiet({"pad": SAME._replace(waiting=1)}, [])
    assert not quiet({"pad": SAME._replace(lowest_rev=8)}, [])
    assert not quiet({"pad": SAME}, [TEXT._replace(rev=8)])
    # One that has failed will not come any further.
    assert quiet({"pad": SAME}, [TEXT._replace(rev=8, fault="gone")])


def only(pads: dict[str, Spread], texts: list[Text]) -> str:
    (found,) = differences(pads, texts)
    return found


def test_each_difference_is_named() -> None:
    assert "3 edits have never" in only({"pad": SAME._replace(waiting=3)}, [])
    assert "revisions 7 to 9" in only({"pad": SAME._replace(lowest_rev=7)}, [])
    assert "count 39 to 40" in only({"pad": SAME._replace(shortest=39)}, [])
    assert "two full clients differ" in only({"pad": SAME}, [TEXT, TEXT._replace(digest="xyz")])
    assert "failed: gone" in only({"pad": SAME}, [TEXT, TEXT._replace(fault="gone")])
    cheap = only({"pad": SAME}, [TEXT._replace(length=41), TEXT._replace(length=41)][:1])
    assert "revision 9 with 41 characters, the cheap ones at 9 with 40" in cheap


def test_texts_are_compared_pad_by_pad() -> None:
    other = Text("other", 2, 5, "xyz")
    assert differences({"pad": SAME}, [TEXT, other]) == []


def test_spreads_of_several_processes_are_joined() -> None:
    assert Spread(1, 3, 10, 12, 1).joined(Spread(2, 5, 9, 11, 2)) == Spread(1, 5, 9, 12, 3)
