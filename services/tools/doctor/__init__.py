"""Implements `padfleet doctor`, which says whether this Redis is fit for a fleet, and if not, what
to change."""
