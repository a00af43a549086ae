"""Implements `padfleet pad`, a small client for people and scripts."""
