"""The people on a pad, on whichever worker: names, colours, cursors, and who has left.

Begin with `people`, all that is known of them. `roster` (pure) is who is there, `roster_log` (pure)
what sessions have to be told of it, `excerpt` a part of that for many at once, and `introducer`
tells them. `sync` and `leave` keep what is stored right, `pointers` are people's cursors,
`resume_token` is what a page brings when it comes back, and `secrecy` (pure) keeps a pad's id from
those who may only read.
"""
