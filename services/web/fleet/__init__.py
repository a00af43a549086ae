"""The page `/fleet` of each worker: the whole fleet, in a browser, for its operators.

`routes` adds it to a worker, `door` lets in who has the password, `view` takes the looks. The page
is `fleet.html`, `fleet.js` and `fleet.css`, as they are: no build, so that it is there on a worker
without the pad's page too.
"""

from padfleet.services.web.fleet.routes import mount

__all__ = ["mount"]
