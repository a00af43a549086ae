"""A notice to everybody who has a pad open."""
