"""This package describes a fleet to an observer, from what its processes report about themselves.

`past` and `record` are what a process reports; `beacon` writes it to Redis every two seconds.
`collect` reads it back, with the leases and inboxes, as a `snapshot`; `viewing` and `charts` make
rates and sums of that, which are a `view`; `findings` says in words what is wrong, and `serialize`
makes JSON of it all. All except `beacon` and `collect` are functions of plain values.
"""
