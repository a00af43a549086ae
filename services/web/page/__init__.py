"""Serves the page that people type in, for fleets without an Etherpad in front.

The page is at `/`, `/p/<pad>` and `/assets/…` of each worker. `client/` is the TypeScript library
`padfleet-client`, and `web/` the page that uses it; `build.mjs` compiles both into `built/`, which
`assets` reads. `routes` adds all of it to a worker, `names` checks the names of pads, and `headers`
says what a browser may do here.
"""

from padfleet.services.web.page.routes import mount

__all__ = ["mount"]
