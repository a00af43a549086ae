"""Clients from before a rule that is enforced now.

`etherpad-cli-client` 3.x, the version on npm and the one that `etherpad-load-test` uses, sends its
inserts without an author attribute. Etherpad refuses them since 2.7.x, so that client can no longer
write there. Here such a session gets its own author put on what it inserts, which is all that the
rule wants; every other client is held to the rule as it stands.
"""

from typing import Any

from padfleet.shared.easysync import AttributePool, iter_ops, pack, unpack
from padfleet.shared.easysync.base36 import numeral


def sends_no_author(ready: dict[str, Any]) -> bool:
    """Whether this CLIENT_READY is that client's: its `protocolVersion` and `password`, which a
    page no longer sends, and no `userInfo`, which newer clients do."""
    return ready.get("protocolVersion") == 2 and "password" in ready and "userInfo" not in ready


def put_author_on_inserts(
    changeset: str, pool: AttributePool, author: str
) -> tuple[str, AttributePool]:
    """The changeset with `author` on each insert that has no attributes at all.

    Raises EasysyncError for what is no changeset. All neighbouring inserts without attributes get
    the same one, so a canonical changeset stays canonical.
    """
    parts = unpack(changeset)
    pool = pool.clone()
    ops = []
    for op in iter_ops(parts.ops):
        if op.opcode == "+" and not op.attribs:
            op.attribs = f"*{numeral(pool.put('author', author))}"
        ops.append(str(op))
    return pack(parts.old_len, parts.new_len, "".join(ops), parts.bank), pool
