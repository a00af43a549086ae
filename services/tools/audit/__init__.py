"""Implements `padfleet audit`, which shows the deeds that operators have done to pads."""
