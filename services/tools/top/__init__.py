"""Implements `padfleet top`, which shows a fleet in a terminal. `screen` draws a view of it,
`table` draws its tables, and `terminal` controls the terminal while it is shown."""
