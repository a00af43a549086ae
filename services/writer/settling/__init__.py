"""How the entries of an inbox are settled: each becomes a revision, or has an outcome.

Begin with `batch_processor`, which decides in which order the entries of a `batch` are settled, and
what happens where one cannot be. `light` settles most of them at once; `entry_handler` applies any
other, and `heavy` runs long edits in a thread. `parking` keeps entries that could not be read.
"""
