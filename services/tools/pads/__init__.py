"""`padfleet pads`: what pads there are, who is on them, and moving them about."""
