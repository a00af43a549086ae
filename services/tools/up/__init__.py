"""Implements `padfleet up`, which runs a fleet on one machine, with an embedded Redis if none is
named."""
