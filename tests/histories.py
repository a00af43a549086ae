"""Makes pads with a lived-in history, without a fleet."""

from __future__ import annotations

from random import Random

from padfleet.services.writer.pads.pad import WriterPad
from padfleet.shared.easysync import AttributePool, Builder, make_splice, to_units
from padfleet.shared.log.entries import Submission
from padfleet.shared.log.records import Origin, Revision

PIECES = [to_units(text) for text in ("a", "some words ", "a line\n", "\n\n", "😀", "$*|")] + [
    "\ud83d"
]


def lived_in(count: int, seed: int = 1) -> list[Revision]:
    """Returns the history of a pad on which several people typed, deleted and formatted, here and
    there."""
    random = Random(seed)
    pad = WriterPad()
    found = [pad.create("start\n", "a.maker", 5)]
    for seq in range(1, 10 * count):
        if len(found) >= count:
            break
        units = pad.body.units
        text = pad.body.text_between(0, units)
        at, length = random.randrange(units), random.randrange(1, 9)
        end = min(at + length, units - 1)
        author, pool = f"a.{random.randrange(5)}", AttributePool()
        match random.randrange(5):
            case 0 if at < end:
                change = make_splice(text, at, end - at, "")
            case 1 if at < end:
                marks = [("bold", random.choice(["true", ""]))]
                change = (
                    Builder(units)
                    .keep_text(text[:at])
                    .keep_text(text[at:end], marks, pool)
                    .to_changeset()
                )
            case _:
                piece = random.choice(PIECES)
                change = make_splice(text, at, 0, piece, [("author", author)], pool)
        submission = Submission(
            "p", Origin("s", seq), 1, 0, author, pad.head, change, pool.to_jsonable()
        )
        found += pad.submit(submission, 5 + 1000 * seq).revisions
    assert len(found) >= count
    return found[:count]
