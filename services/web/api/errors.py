"""Defines the errors by which the API refuses a call."""


class ApiError(Exception):
    """The request cannot be fulfilled: code 1. The text goes to the caller, in Etherpad's words."""


class TooLong(ApiError):
    """A text, or what it turns into, is larger than a pad may be."""
