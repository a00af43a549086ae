"""How each session is brought up to date: what it is due, when, in how many messages."""
