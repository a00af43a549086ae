"""The whole fleet in one process, on simulated time, with a seed: see docs/reliability.md.

    python -m tests.world --seeds 0-99     # or: make simulate-faults
    python -m tests.world --seed 17 --trace

Rooms: `disguise` takes the place of clocks and of chance; `loop` is the event loop; `network` are
the connections between hosts; `redis` is the server; `fleet`, `people` and `faults` are what
happens in it; `run` is one run, `judge` what is expected of it, `campaign` many of them.
"""
