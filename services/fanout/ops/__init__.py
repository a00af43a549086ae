"""This package helps those who run the fleet: with figures, the canary, draining, and the check for
workers that have died.

`canary` shows whether revisions flow, and `flights` (pure) which way it takes; `readiness` makes a
verdict of that. `liveness` notices which workers have died, `drain` lets sockets go before this one
ends, and `expired` asks again about people whose access has ended. `figures` and `lag_metrics` are
what operators see, and `etherpad_stats` the same under Etherpad's names.
"""
