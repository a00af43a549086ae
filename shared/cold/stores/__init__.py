"""This package has the places in which cold pads are stored as bytes. Each has names, bytes, and a
put that is refused if another process was first. `opening` opens one of them from a URL."""
