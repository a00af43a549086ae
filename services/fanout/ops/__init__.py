"""For those who run the fleet: figures, the canary, draining, workers that died.

`canary` shows whether revisions flow, and `flights` (pure) which way it takes; `readiness` makes a
verdict of that. `liveness` notices which workers have died, `drain` lets sockets go before this one
ends, and `expired` asks again about people whose access has ended. `figures` and `lag_metrics` are
what operators see, and `etherpad_stats` the same under Etherpad's names.
"""
