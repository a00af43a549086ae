"""Implements `padfleet replay`, which replays a recorded editing session through real sockets.

`trace` reads a recording and finds out which state each edit was made on, `author` makes one
author's edits on exactly that state, and `__main__` brings authors and readers together and
compares their texts at the end.
"""
