"""The page that people type in, for fleets without an Etherpad in front.

It is at `/`, `/p/<pad>` and `/assets/…` of each worker. `client/` is the TypeScript library
`padfleet-client`, `web/` the page made with it; `build.mjs` makes `built/` of them, which `assets`
reads. `routes` adds all of it to a worker, `names` says what a pad may be called, `headers` what a
browser may do here.
"""

from padfleet.services.web.page.routes import mount

__all__ = ["mount"]
