"""CHANGESET_REQ: a pad's history in steps of so many revisions, forwards and backwards.

`requests` reads what is asked and gathers what it takes, `helper` has it worked out by a process
of its own (`shared.limited`), so that sending revisions to everybody goes on meanwhile; `granules`
and `job` are the work itself, and pure.
"""
