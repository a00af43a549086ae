"""This package implements Easysync, the changeset algebra of Etherpad, with the results of
Etherpad's own engine.

These are pure functions, without input or output, and without state except for the attribute pools
passed in. Texts are code-unit strings throughout (see `utf16`), and all lengths count UTF-16 code
units, as in JavaScript. Anything that is malformed, or does not fit what it is applied to, raises
`EasysyncError`.

A program that holds a document and applies many changesets to it does so in place: `body` is the
document, `edit_script` is what a changeset does to it, and `fast_rebase` rebases over many
revisions at once. The results are those of `apply_to_atext` and `follow`.
"""

from padfleet.shared.easysync.atext import (
    AText,
    apply_to_atext,
    apply_to_attribs,
    apply_to_text,
    make_atext,
)
from padfleet.shared.easysync.attributes import attribs_of
from padfleet.shared.easysync.changeset import (
    Changeset,
    check_rep,
    identity,
    is_identity,
    new_len,
    old_len,
    pack,
    unpack,
)
from padfleet.shared.easysync.compose import compose
from padfleet.shared.easysync.errors import EasysyncError
from padfleet.shared.easysync.follow import follow
from padfleet.shared.easysync.ops import Op, iter_ops
from padfleet.shared.easysync.pool import Attribute, AttributePool
from padfleet.shared.easysync.splice import Builder, make_splice, replacing
from padfleet.shared.easysync.transfer import move_ops_to_new_pool, prepare_for_wire
from padfleet.shared.easysync.utf16 import from_units, to_units

__all__ = [
    "AText",
    "Attribute",
    "AttributePool",
    "Builder",
    "Changeset",
    "EasysyncError",
    "Op",
    "apply_to_atext",
    "apply_to_attribs",
    "apply_to_text",
    "attribs_of",
    "check_rep",
    "compose",
    "follow",
    "from_units",
    "identity",
    "is_identity",
    "iter_ops",
    "make_atext",
    "make_splice",
    "move_ops_to_new_pool",
    "new_len",
    "old_len",
    "pack",
    "prepare_for_wire",
    "replacing",
    "to_units",
    "unpack",
]
