"""`padfleet prune`: pads that nobody has used for long go away."""
