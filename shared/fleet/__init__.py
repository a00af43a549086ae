"""What the processes of a fleet tell of themselves, and what an onlooker makes of it.

`past` and `record` are what a process tells, `beacon` writes it to Redis every two seconds.
`collect` reads it back, with the leases and inboxes, as a `snapshot`; `view` and `charts` make
rates and sums of that, `findings` says in words what is wrong, and `serialize` makes JSON of it
all. All but `beacon` and `collect` are functions of plain values.
"""
