"""The people on a pad, on whichever worker: names, colours, cursors, and who has left."""
