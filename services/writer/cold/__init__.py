"""How pads get into the cold store, and out of Redis.

`freezing` copies what has changed and takes out pads that nobody needs; `lateness` (pure) says when
a copy is due. `leaving` drops the writer's own copy of a pad that has left.
"""
