"""Implements `padfleet shout`, which shows a notice to everybody who has a pad open."""
