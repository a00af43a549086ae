"""The processes of a fleet, what they serve over HTTP, and the commands for it."""
