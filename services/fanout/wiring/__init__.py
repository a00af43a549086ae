"""This package puts a worker together, with a module for each part; `app` calls them in order.

`requests` creates what answers messages, `doors` what every request has to pass, `http` the servers
of both ports, and `ops` what looks after a worker while it runs and when it ends.
"""
