"""Implements `padfleet vectors`, which checks the changeset engine against recorded results of
Etherpad's own."""
