"""This room has the connections to Redis, and says how commands and messages travel on them.

Begin with `connect`: its `Redis` is what everything else here is given, whether it is one server, a
primary that Sentinel names, or a cluster. `keeping` and `inspection` check whether a server is fit
for a fleet, `lanes` limits how much a process asks of it at once, and `retry` says when it is asked
again.

- Hot commands share connections: `hot` and `auto_pipeline` are the interface to them,
  `command_links` has the connections to one node, `pipe` one connection, and `exchange` (pure) its
  commands in flight.
- Channels: `channels` keeps subscriptions alive, and `listening` is the connection for them.
- `scripts` loads what is in `lua`, `several` asks about many pads in one round trip, and
  `succession` (pure) disbelieves servers that have been replaced.
- `foreign` reads the Redis of an Etherpad.
"""
