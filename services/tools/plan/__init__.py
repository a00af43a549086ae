"""Plans what a fleet needs for a number of people, with a cost model of measured constants.

    demand ─▶ layout (which pads, on how many workers) ─▶ work (what each process does in a second)
           ─▶ limits (how many it takes, and because of what) ─▶ report

Everything except `__main__` is pure. The constants, and the source of each, are in constants.json;
`calibrate` makes that file from what `make bench` has measured.
"""
