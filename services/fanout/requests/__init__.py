"""This package serves what clients ask for: to be let in, and what they send once they are in."""
