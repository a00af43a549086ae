"""Says how pads look when `padfleet pads` prints them. It is pure."""

import json

from padfleet.shared.cold.listing import PadFacts
from padfleet.shared.tool import shown


def line(facts: PadFacts) -> str:
    people = f"{facts.sessions} on it" if facts.sessions else "cold" * (facts.place == "cold")
    return (
        f"{facts.head:>8}  {facts.edited_at}  {facts.bytes:>12,}  {facts.authors:>4}  "
        f"{people:>10}  {shown(facts.pad)}"
    )


def as_json(facts: PadFacts) -> str:
    return json.dumps({**facts._asdict(), "edited": facts.edited_at}, ensure_ascii=False)


def described(facts: PadFacts) -> str:
    rows = {
        "pad": shown(facts.pad),
        "revision": f"{facts.head:,}",
        "last edit": facts.edited_at,
        "bytes": f"{facts.bytes:,}",
        "where": "in Redis" if facts.place == "hot" else "in the cold store",
        "sessions": str(facts.sessions),
        "authors": str(facts.authors),
        "made by": facts.creator,
        "read-only": facts.read_only_id or "nobody has asked for its address yet",
    }
    return "\n".join(f"{name:<9}  {value}" for name, value in rows.items()) + "\n"
