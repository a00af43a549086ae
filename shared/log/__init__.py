"""The log: everything that padfleet keeps in Redis, and the only place that speaks to it.

A writer appends revisions here and a worker follows them. `keys` names what is stored where,
`records` says in which form, `lua/*.lua` are the steps that have to be atomic.
"""
