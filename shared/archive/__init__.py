"""Pads as a file: what `padfleet backup` writes, and `padfleet restore` and `padfleet
verify --backup` read.

`frames` seals bytes so that no damage goes unnoticed, `entries` says what is in them, `reading`
checks that they make whole pads; none of these knows Redis. `taking` reads a pad out of it.
docs/backup.md describes the format.
"""
