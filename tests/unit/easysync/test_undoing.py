"""Tests undoing on a document that is edited in place, however it is cut into blocks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.shared.easysync import AText, AttributePool, EasysyncError, apply_to_atext, unpack
from padfleet.shared.easysync import body as body_module
from padfleet.shared.easysync.body import Body
from padfleet.shared.easysync.edit_script import patches_of
from padfleet.shared.easysync.reference import inverse
from padfleet.shared.easysync.undoing import undoing
from tests.unit.easysync.strategies import PROPERTY, Pad, changesets, pads


@given(pads(), st.data(), st.sampled_from([(1024, 32), (3, 1)]))
@PROPERTY
def test_it_is_the_inverse(pad: Pad, data: st.DataObject, blocks: tuple[int, int]) -> None:
    cs = data.draw(changesets(pad))
    text, attribs = pad.atext
    wanted = inverse(cs, text, attribs, pad.pool)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(body_module, "BLOCK_UNITS", blocks[0])
        patch.setattr(body_module, "BLOCK_SPANS", blocks[1])
        body = Body(pad.atext)
        back = undoing(cs, body, pad.pool)
        assert back == wanted
        patches_of(unpack(cs), body, pad.pool).apply()
        assert body.to_atext().text == apply_to_atext(cs, pad.atext, pad.pool).text
        patches_of(unpack(back), body, pad.pool).apply()
        assert body.to_atext().text == text


@pytest.mark.parametrize(
    ("cs", "why"),
    [
        ("Z:5>0$", "for length 5, the text has 4"),
        ("Z:4>0=9*0=1$", "beyond the end"),
        ("Z:4>0|2=3*0=1$", "another number of newlines"),
        ("Z:4>0*7=1$", "not in the pool"),
    ],
)
def test_what_does_not_fit_is_refused(cs: str, why: str) -> None:
    pool = AttributePool()
    pool.put("bold", "true")
    with pytest.raises(EasysyncError, match=why):
        undoing(cs, Body(AText("ab\n\n", "|2+4")), pool)
