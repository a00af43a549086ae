"""Serves Etherpad's HTTP API, export and import on every fan-out worker, at `/api/…` and
`/p/<pad>/export/…`.

`mount` adds it to a worker. `callers` decides who may call, `dispatch` parses a request and answers
it, and `answers` limits how much is kept of answers. A change to a pad is submitted to its inbox in
the same way as a client's edit (`shared.log.changes.edits`).

Each call has a line in three tables: `versions` says since which version it exists and which
parameters it takes, `resources` its REST-style path and what it answers, and `functions` which
function serves it. The functions are in `pads`, `texts`, `revisions`, `chat`, `people`, `groups`,
`copies` and others; each is given an `Api` (`context`) and reads its parameters with `arguments`.
`description` makes OpenAPI from the tables.

For files, `exports` and `imports` answer requests, `conversion` converts, and `receiving` and
`sending` limit what comes in and goes out.
"""

from padfleet.services.web.api.mount import Outgoing, mount

__all__ = ["Outgoing", "mount"]
