"""How the API says no."""


class ApiError(Exception):
    """Code 1: what was asked for cannot be. The text goes to the caller, as Etherpad says it."""


class TooLong(ApiError):
    """A text, or what becomes of it, is larger than a pad may be."""
