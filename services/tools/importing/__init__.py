"""Implements `padfleet import`, which imports pads from an Etherpad, with history, chat, authors
and saved revisions.

`__main__` is the command, `sources` opens what pads are read from, `run` goes through them, and
`beside` imports what belongs to no pad. The conversion itself is in `shared.etherpad`.
"""
