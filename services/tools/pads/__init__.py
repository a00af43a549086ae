"""Implements `padfleet pads`, which lists pads and who is on them, and copies, moves and deletes
them."""
