"""What one client may take of a worker, so that there is enough for the others.

- How fast: `allowances` has a bucket (`shared.bucket`) for each thing that an author may do, and
  `makers` for pads that are made by opening them.
- Where from: `doorman` stands before every request, and asks `hosts` and `origins` (pure) whether
  we are meant and whether that page may; `addresses` (pure) says who a client is behind proxies.
- How many: `admission` stands before requests for a socket, and asks `connection_quota` (pure);
  `descriptors` bounds open files, and `socket_counts` counts.
- How long: `connections` ends what keeps a worker waiting, by the rules of `slow` (pure); `idle`
  ends sockets that never become a session; `arrivals` bounds what is read in one turn.

How large something may be is in `shared.bounds`, since it may come in many ways. docs/limits.md has
all limits with their reasons, and CONTRIBUTING.md says step by step how to add one.
"""
