"""This room has the inboxes, and what becomes of their entries when a writer stores it.

Begin with `inbox`, into which workers put entries, and `commits`, with which a writer stores what
becomes of them. `entry_lane` sends many entries together. Between the two, `reading` and `entries`
(pure) read inboxes back, whatever is in them, and `heaviness` (pure) says which entries take long.
`limits` (pure) refuses what is too large before it is put in, `confirming` asks which servers have
a commit, and `standing` reports the state of an inbox.
"""
