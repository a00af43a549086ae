"""Implements `padfleet probe`, which asks a process for its health, for images without curl."""
