"""Asks a process how it is: the health check of an image that has no curl."""
