"""How a pad lies in a store of bytes, files or buckets.

A pad has one *head*: a small object with all that is small of it, and with its newest revisions. It
is replaced as a whole, over the one before, and that makes every change one step. What has grown
too large for it lies in *parts* beside, which the head names with their seals; a part is written
once, before the head that names it. Revisions stand in *blocks*, as columns, compressed. An *index*
leads from read-only ids and authors to pads.

`columns`, `blocks`, `parts`, `heads` and `names` are pure; `pads` is what the rest of the code
uses.
"""
