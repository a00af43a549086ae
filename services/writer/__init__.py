"""The writer: turns submissions into revisions.

`owner` holds the leases, `partition` commits what an inbox brings, `pad` is one pad in memory,
`rules` says what a submission must fulfil, `compaction` makes snapshots and packs old revisions.
"""
