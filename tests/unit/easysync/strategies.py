"""Documents, pools and changesets for the property tests."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from padfleet.shared.easysync import (
    AText,
    Attribute,
    AttributePool,
    Builder,
    apply_to_atext,
    make_atext,
    to_units,
)
from tests.examples import examples

PROPERTY = settings(
    deadline=None,
    max_examples=examples(200),
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)

# What has a meaning in changesets, what takes two code units or several code points, and halves.
PIECES = [
    "a",
    "b",
    " ",
    "\n",
    "$",
    "*",
    "|",
    "+",
    "é",
    "e\u0301",
    "漢",
    "👩‍💻",
    "😀",
    "\ud83d",
    "\ude00",
]

KEYS = {
    "author": ["a.1", "a.2"],
    "bold": ["true", ""],
    "heading": ["h1", "h2", "ü😀"],
    "insertorder": ["first"],
    "lmkr": ["1"],
    "list": ["bullet1", ""],
}

texts = st.lists(st.sampled_from(PIECES), max_size=8).map("".join).map(to_units)

attributes: st.SearchStrategy[list[Attribute]] = (
    st.fixed_dictionaries({}, optional={key: st.sampled_from(KEYS[key]) for key in KEYS})
    .map(lambda chosen: [(key, to_units(value)) for key, value in chosen.items()])
    .filter(lambda chosen: len(chosen) < 4)
)

some_attributes: st.SearchStrategy[list[Attribute]] = st.one_of(st.just([]), attributes)


class Pad(NamedTuple):
    """A document, and the pool that its attributes are in."""

    atext: AText
    pool: AttributePool


@st.composite
def pads(draw: st.DrawFn) -> Pad:
    """Documents that end with a newline, as those of Etherpad do."""
    pool = AttributePool()
    builder = Builder(1)
    for text, chosen in draw(st.lists(st.tuples(texts, some_attributes), max_size=6)):
        builder.insert(text, chosen, pool)
    return Pad(apply_to_atext(builder.to_changeset(), make_atext("\n"), pool), pool)


@st.composite
def changesets(draw: st.DrawFn, pad: Pad) -> str:
    """Changesets for the pad, canonical; the last newline stays."""
    text, pool = pad.atext.text, pad.pool
    builder = Builder(len(text))
    position = 0
    for _ in range(draw(st.integers(0, 4))):
        builder_step = draw(st.sampled_from(["keep", "keep", "mark", "insert", "insert", "remove"]))
        if builder_step == "insert":
            builder.insert(draw(texts), draw(some_attributes), pool)
            continue
        end = draw(st.integers(position, len(text) - 1))
        if builder_step == "remove":
            builder.remove_text(text[position:end])
        else:
            chosen = draw(attributes) if builder_step == "mark" else []
            builder.keep_text(text[position:end], chosen, pool)
        position = end
    return builder.to_changeset()


@st.composite
def pads_with_edit(draw: st.DrawFn) -> tuple[Pad, str]:
    pad = draw(pads())
    return pad, draw(changesets(pad))


@st.composite
def pads_with_two_edits(draw: st.DrawFn) -> tuple[Pad, str, str]:
    """Draws a pad and two changesets that were made on it independently."""
    pad = draw(pads())
    return pad, draw(changesets(pad)), draw(changesets(pad))


@st.composite
def pads_with_history(draw: st.DrawFn, most: int = 4) -> tuple[Pad, list[str]]:
    """Changesets that were made one after the other."""
    pad = now = draw(pads())
    history = []
    for _ in range(draw(st.integers(1, most))):
        history.append(draw(changesets(now)))
        now = Pad(apply_to_atext(history[-1], now.atext, pad.pool), pad.pool)
    return pad, history
