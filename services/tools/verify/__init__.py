"""Implements `padfleet verify`, which checks that the stored parts of each pad fit together, and
compares backups with the pads."""
