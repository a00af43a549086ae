"""The inboxes, and what becomes of their entries when a writer stores it.

Begin with `inbox`, into which workers put entries, and `commits`, by which a writer stores what
they come to. Between the two, `reading` and `entries` (pure) read inboxes back, whatever is in
them, and `heaviness` (pure) says which entries take long. `limits` (pure) refuses what is too large
before it is put in, `confirming` asks which servers have a commit, and `standing` says how an inbox
stands.
"""
