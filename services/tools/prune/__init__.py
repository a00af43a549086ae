"""Implements `padfleet prune`, which deletes pads that nobody has used for a long time."""
