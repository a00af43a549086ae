"""Keeps the people on a pad, on all workers: names, colours, cursors, and who has left.

Begin with `people`, which holds all that is known of them. `roster` (pure) says who is there,
`roster_log` (pure) what sessions have to be told about them, `excerpt` is a part of that for many
at once, and `introducer` tells them. `sync` and `leave` keep what is stored right, `pointers` are
people's cursors, `resume_token` is what a page brings when it comes back, and `secrecy` (pure)
keeps a pad's id from those who may only read.
"""
