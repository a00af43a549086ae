"""This package is the log: everything that padfleet keeps in Redis, and the only code that speaks
to it.

A writer appends revisions here, and a worker follows them. `keys` names what is stored where, and
`lua/*.lua` are the steps that have to be atomic. `records` (histories), `entries` (inboxes, with
`outcomes`) and `channel_messages` say in which form. docs/architecture.md lists all keys.

Beside the rooms are modules that several of them use: `births` (pad generations), `reigns` (leader
epochs), `form` (revisions as they are sent), `damage` (pads that cannot be read), and two protocols
for what is not in Redis, `elsewhere` for pads and `register` for people.

These are the rooms, lowest first. Each imports only from those before it, and says where to begin:

- `connection`: ways to Redis, whether it is one server, a primary named by Sentinel, or a cluster.
- `fleet`: what the processes of a fleet agree on, and the leases of its writers.
- `people`: authors, groups, and who is on a pad.
- `pad`: what is stored of one pad, above all its history.
- `inboxes`: where submissions wait, and what a writer stores of them.
- `changes`: changes that do not come from a socket.
"""
