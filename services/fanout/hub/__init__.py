"""The pads that are open on this worker, each with the sessions that are on it.

Begin with `room`, which makes the parts of one room in their order; `rooms` opens and closes them.
`channel` is what arrives, `occupants` are the sessions that are there, and `audience` those who
have to be told if the history changes under them. `greetings` and `client_vars` are what a newcomer
is given, and `pad_metadata` is chat, saved revisions and settings.
"""
