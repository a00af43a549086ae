"""Breaks things in a simulated world: what, when and for how long, all of it from the seed.

`storm` chooses and strikes; the other rooms have the faults of one thing each, and `named` those
that strike only where somebody asks for them. `common` is what all of them need, and `aftermath`
what is left of them: by that, others judge what is said and lost afterwards.
"""
