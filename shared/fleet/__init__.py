"""What the processes of a fleet tell of themselves, and what an onlooker makes of it.

`past` and `record` are what a process tells, `beacon` writes it to Redis every two seconds. `look`
reads it back, with the leases and inboxes, as a `snapshot`; `picture` and `charts` make rates and
sums of that, `findings` says in words what is wrong, `telling` makes JSON of it all. All but
`beacon` and `look` are functions of plain values.
"""
