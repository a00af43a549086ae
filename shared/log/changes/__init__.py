"""This room has changes that do not come from a socket, but from the HTTP API, a command or an
import.

`edits` are put into the inbox like those of anybody else, `copying` copies a pad with all of its
history, and `erasure` removes from an author's records what identifies the person.
"""
