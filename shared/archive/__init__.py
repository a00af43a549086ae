"""Pads as a file: what `padfleet backup` writes, `restore` and `verify --backup` read.

`frames` seals bytes so that no damage goes unnoticed, `entries` says what is in them, `reading`
checks that they make whole pads. None of them knows Redis. docs/backup.md describes the format.
"""
