"""The writer: turns submissions into revisions.

`lease_manager` holds the leases, `inboxes` reads the partitions' inboxes, `batch_processor` decides
what becomes of their entries, and `committer` stores the result. `pad` is one pad in memory,
`rules` says what a submission must satisfy, and `compaction` makes snapshots and packs old
revisions.
"""
