"""This package defines how a pad is laid out in a store of bytes: in files or in a bucket.

A pad has one *head*: a small object with everything about the pad that is small, and with its
newest revisions. It is replaced as a whole, on condition that it is still the previous one, and
that makes every change one step. What has grown too large for the head is stored in separate
*parts*, which the head names with their seals; a part is written once, before the head that names
it. Revisions are stored in *blocks*, as columns, compressed. An *index* leads from read-only ids
and authors to pads.

`columns`, `blocks`, `parts`, `heads` and `names` are pure; `pads` is what the rest of the code
uses.
"""
