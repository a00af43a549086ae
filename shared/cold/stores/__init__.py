"""Where cold pads lie as bytes: a name, some bytes, and a put that is refused where somebody else
was there first. `opening` makes one of these from a URL."""
