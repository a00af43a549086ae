"""Implements `padfleet restore`, which restores pads from the files of `padfleet backup` while the
fleet runs."""
