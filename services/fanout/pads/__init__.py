"""Holds what a worker knows of a pad: its latest revisions, even if messages were missed.

Begin with `feed` (pure), the newest revisions without a gap, and `replica`, which holds it.
`resync` compares it with what is stored, `passages` reads what the feed no longer has, and
`vouching` records who shares this history. `news` (pure) is a log of everything besides revisions,
`steps` are what a session may have to be sent, `collabroom` encodes them, `gate` stops all sending
to a room, and `tracked` follows traced submissions.
"""
