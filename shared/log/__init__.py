"""The log: everything that padfleet keeps in Redis, and the only place that speaks to it.

A writer appends revisions here and a worker follows them. `keys` names what is stored where,
`records` says in which form, `lua/*.lua` are the steps that have to be atomic. docs/architecture.md
lists all keys.

Beside the rooms is what several of them speak of: `births` (pad generations), `reigns` (leader
epochs), `form` (revisions as they are sent), `damage` (pads that cannot be read), and two protocols
for what is not in Redis, `elsewhere` for pads and `register` for people.

The rooms, lowest first; each imports only from those before it, and says where to begin:

- `connection`: ways to Redis, for one server, a primary named by Sentinel, and a cluster.
- `fleet`: what the processes of a fleet agree on, and the leases of its writers.
- `people`: authors, groups, and who is on a pad.
- `pad`: what is stored of one pad, its history first of all.
- `inboxes`: where submissions wait, and what a writer stores of them.
- `changes`: changes that do not come from a socket.
"""
