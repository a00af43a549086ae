"""This package limits how much of a worker one client may use, so that enough is left for others.

- How fast: `allowances` has a bucket (`shared.bucket`) for each thing that an author may do, and
  `new_pads` for pads that are created by opening them.
- Where from: `counted_requests` counts every request, and asks `request_rate` whether its address
  has made too many; `doorman` asks `hosts` and `origins` (pure) whether it is meant for us and
  whether that page may send it; `addresses` (pure) finds out a client's address behind proxies, and
  `shared.payers` whom it counts as.
- How many: `admission` checks requests for a socket, and asks `connection_quota` (pure);
  `descriptors` bounds open files, and `socket_counts` counts.
- How long: `connections` ends each `open_connection` that keeps a worker waiting, by the rules of
  `slow` (pure); `idle` ends sockets that never become a session; `arrivals` bounds what is read in
  one turn.

How large something may be is in `shared.bounds`, since it may come in many ways. docs/limits.md has
all limits with their reasons, and CONTRIBUTING.md says step by step how to add one.
"""
