"""What a fleet has to have for so many people: a cost model, of measured constants.

    demand ─▶ layout (which pads, on how many workers) ─▶ work (what each process does in a second)
           ─▶ limits (how many it takes, and because of what) ─▶ report

Everything but `__main__` is pure. What the constants are, and where each comes from, is in
constants.json; `calibrate` makes it from what `make bench` has measured.
"""
