"""Stores pads in files: `padfleet backup` writes them, and `padfleet restore` and `padfleet verify
--backup` read them.

`frames` seals bytes so that no damage goes unnoticed, `entries` defines what is in them, and
`reading` checks that they make whole pads; none of these knows Redis. `taking` reads a pad from it.
docs/backup.md describes the format.
"""
