"""Implements the writer, which turns submissions into revisions.

Its rooms, in the order in which an entry passes through them:

- `leases`: which partitions the writer has, and how it reads their inboxes.
- `settling`: how each entry of an inbox is settled.
- `pads`: the pads in memory, and what becomes of a submission there.
- `storing`: what is stored under the lease, in one script call for each batch.

Beside that way: `cold` copies pads to the cold store and takes them out of Redis, `cleanup` removes
what nobody needs, `ops` is for those who run the fleet, and `metrics` and
`damaged_pads` take note of what happens. `app`
puts everything together.
"""
