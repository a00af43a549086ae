"""The writer: turns submissions into revisions.

`lease_manager` holds the leases, `inboxes` reads what they are for, `batch_processor` decides what
that comes to, and `committer` stores it. `pad` is one pad in memory, `rules` says what a submission
must fulfil, and `compaction` makes snapshots and packs old revisions.
"""
