"""Authors, the groups whose pads they may open, and who is on a pad."""
