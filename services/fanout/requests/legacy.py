"""This module serves clients that are older than a rule which is now enforced.

`etherpad-cli-client` 3.x, the version on npm and the one that `etherpad-load-test` uses, sends its
inserts without an author attribute. Etherpad has refused those since 2.7.x, so that client can no
longer write there. Here, the session's own author is put on what such a client inserts, which is
all that the rule demands; every other client has to follow the rule as it stands.
"""

from typing import Any

from padfleet.shared.easysync import AttributePool, iter_ops, pack, unpack
from padfleet.shared.easysync.base36 import numeral


def sends_no_author(ready: dict[str, Any]) -> bool:
    """Returns whether this CLIENT_READY comes from such a client: it has `protocolVersion` and
    `password`, which pages no longer send, and lacks `userInfo`, which newer clients send."""
    return ready.get("protocolVersion") == 2 and "password" in ready and "userInfo" not in ready


def put_author_on_inserts(
    changeset: str, pool: AttributePool, author: str
) -> tuple[str, AttributePool]:
    """Returns the changeset with `author` on each insert that has no attributes at all.

    Raises EasysyncError if the text is not a changeset. Neighbouring inserts without attributes all
    get the same attribute, so a canonical changeset stays canonical.
    """
    parts = unpack(changeset)
    pool = pool.clone()
    ops = []
    for op in iter_ops(parts.ops):
        if op.opcode == "+" and not op.attribs:
            op.attribs = f"*{numeral(pool.put('author', author))}"
        ops.append(str(op))
    return pack(parts.old_len, parts.new_len, "".join(ops), parts.bank), pool
