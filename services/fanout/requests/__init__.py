"""What clients ask for: to be let in, and what they say once they are."""
