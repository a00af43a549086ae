"""Etherpad's HTTP API, export and import, over what the fleet holds: `/api/…` and
`/p/<pad>/export/…`, served by every fan-out worker.

`mount` adds it to a worker. `dispatch` takes a request apart and answers it, `versions` says which
function takes what since when, `answers` how much of what is answered is kept; `pads`, `texts`,
`groups` and the others are the functions. What changes a pad is submitted to its inbox as an edit
of a client is (`shared.log.changes.edits`).
"""

from padfleet.services.web.api.mount import Outgoing, mount

__all__ = ["Outgoing", "mount"]
