"""What a writer stores under its lease.

Begin with `pad_batch`, what a batch does to one pad, and `committer`, which stores it in one script
call. `replicas` waits until other servers have it. `compaction` makes snapshots afterwards, and
packs old revisions.
"""
