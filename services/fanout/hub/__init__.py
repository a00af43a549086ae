"""Keeps the pads that are open on this worker, each with the sessions that are on it.

Begin with `room`, which makes the parts of one room in their order; `rooms` opens and closes them.
`channel` takes in what arrives, `occupants` are the sessions that are there, and `audience` those
that have to be told if the history changes under them. `greetings` and `client_vars` make what a
newcomer is given. `pad_metadata` keeps chat, saved revisions and settings, and `metadata_form` says
how pages read them. `followed` hears of pads in the cold store that somebody here reads.
"""
