"""For those who run the fleet: figures, the canary, draining, workers that died."""
