"""The pads that are open on this worker, each with the sessions that are on it."""
