"""How a worker is put together, a module for each part; `app` calls them in their order.

`requests` makes what answers messages, `doors` what stands before every request, `http` the servers
of both ports, and `ops` what looks after a worker while it runs and when it ends.
"""
