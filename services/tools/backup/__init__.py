"""Implements `padfleet backup`, which backs up pads to files while the fleet runs. docs/backup.md
describes the files."""
