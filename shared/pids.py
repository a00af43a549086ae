"""This module looks up processes of this machine by their ids."""

import os


def is_alive(pid: int) -> bool:
    """Returns whether there is a process with this id, whoever owns it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
