"""This package is a fan-out worker and a writer in one process, which is called a node. It is for
small fleets, where an edit of its own clients takes one round trip to Redis instead of three."""
