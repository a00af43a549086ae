"""Serves the page `/fleet` on each worker, which shows operators the whole fleet in a browser.

`routes` adds it to a worker, `door` admits those who have the password, and `view` takes the looks
at the fleet. The page is `fleet.html`, `fleet.js` and `fleet.css`, as they are: it needs no build,
so that it is also available on a worker without the pad's page.
"""

from padfleet.services.web.fleet.routes import mount

__all__ = ["mount"]
