"""What the processes of a fleet agree on and say of themselves, and what there is in it.

Begin with `membership`, a process's place in the fleet; `agreement` is what it has to agree on with
the others, and `processes` what each of them reports. `leases` says which writer has which
partition. `inventory` lists all pads, and `audit` what operators have done to them. (What is made
of the reports for people to see is `shared.fleet`.)
"""
