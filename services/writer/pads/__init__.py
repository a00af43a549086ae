"""The pads of a writer in memory, and what becomes of a submission there.

Begin with `pad`, one pad and how a submission is rebased onto it, and `rules`, what a submission
must satisfy; both are pure. `rebase_changes` is what late submissions are rebased over,
`uncopied` what the cold store may still have to be given, `fences` says who may still submit, and
`cache` has all pads.
"""
