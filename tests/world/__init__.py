"""Simulates the whole fleet in one process, on simulated time, with a seed: see
docs/reliability.md.

    python -m tests.world --seeds 0-99     # or: make simulate-faults
    python -m tests.world --seed 17 --trace

Rooms: `disguise` takes the place of clocks and of chance; `loop` is the event loop; `network` are
the connections between hosts; `redis` is the server; `fleet` runs the programs, `callers`,
`readers`, `scribes` and `stock` are people, and `faults` strike; `run` is one run, `guards` watch
it, and `campaign` plays many of them.
"""
