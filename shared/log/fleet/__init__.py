"""This room has what the processes of a fleet agree on and report about themselves, and lists what
there is in the fleet.

Begin with `membership`, a process's place in the fleet. `agreement` is what the process has to
agree on with the others, and `processes` what each of them reports. `leases` says which writer has
which partition. `inventory` lists all pads, and `audit` what operators have done to them.
(`shared.fleet` turns the reports into something that people can read.)
"""
