"""`padfleet import`: pads from an Etherpad, with history, chat, authors and saved revisions.

`__main__` is the command, `sources` opens what pads are read from, `run` goes through them, and
`beside` brings what belongs to no pad. The conversion itself is `shared.etherpad`.
"""
