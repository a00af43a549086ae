"""Implements the writer, which turns submissions into revisions.

The way of an entry: `lease_manager` holds the leases of partitions, and has a `follower` read their
inboxes round after round (`inboxes` reads, `pacing` says when). `batch_processor` decides in which
order the entries of a `batch` are settled: the `light` ones at once, the others by `entry_handler`,
and a `heavy` one in a thread. `pad` is one pad in memory, `cache` all of them, `rules` what a
submission must satisfy, `fences` who may still submit, and `pad_batch` what a batch does to one
pad. `committer` stores the result, and `replicas` waits until other servers have it.

Besides: `compaction` makes snapshots and packs old revisions; `freezing` copies pads to the cold
store and takes them out of Redis (`lateness` says when, and `leaving` drops the writer's own copy).
`vacancies`, `retention`, `ghosts` and `parking` clean up. `damages`, `figures`, `metrics` and
`readiness` are for operators, and `app` puts everything together.
"""
