"""This package serves CHANGESET_REQ: a pad's history in steps of a given number of revisions,
forwards and backwards.

`changeset_request` (pure) reads a request, and `requests` gathers what it takes to answer it;
`past` is the pad, which may be in the cold store. `helper` has the answer computed by a separate
process (`shared.limited`), so that revisions are still sent to everybody in the meantime.
`granules` and `job` are the work itself, and pure.
"""
