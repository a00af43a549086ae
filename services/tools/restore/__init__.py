"""`padfleet restore`: pads from the files of `padfleet backup`, while the fleet runs."""
