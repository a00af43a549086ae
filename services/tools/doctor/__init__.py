"""`padfleet doctor`: is this Redis fit for a fleet, and if not, what has to change."""
