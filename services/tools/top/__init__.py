"""`padfleet top`: a fleet in a terminal. `screen` draws a picture of it, `table` its tables, and
`terminal` borrows the terminal for as long as that is shown."""
