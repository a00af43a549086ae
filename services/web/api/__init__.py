"""Etherpad's HTTP API, export and import, over what the fleet holds: `/api/…` and
`/p/<pad>/export/…`, served by every fan-out worker.

`mount` adds it to a worker. `callers` says who may call, `dispatch` takes a request apart and
answers it, and `answers` limits how much of the answers is kept. A change to a pad is put into its
inbox, as a client's edit is (`shared.log.changes.edits`).

A call has a line in each of three tables: `versions` says since when there is it and what it takes,
`resources` its REST-style path and what it answers, `functions` which function serves it. The
functions are in `pads`, `texts`, `revisions`, `chat`, `people`, `groups`, `copies` and the like;
each is given an `Api` (`context`) and reads its parameters by `arguments`. `description` makes
OpenAPI of the tables.

Files: `exports` and `imports` answer requests, `conversion` works on them, and `receiving` and
`sending` bound what comes and goes.
"""

from padfleet.services.web.api.mount import Outgoing, mount

__all__ = ["Outgoing", "mount"]
