"""Which partitions a writer has, and how it reads their inboxes.

Begin with `lease_manager`, which takes and renews leases and runs whatever a partition needs while
it is held. `follower` reads round after round: `inboxes` reads, and `pacing` (pure) says when.
`chores` is what nobody waits for: pads that nobody wrote in, and the cold store.
"""
