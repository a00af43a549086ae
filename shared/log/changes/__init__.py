"""Changes that do not come from a socket: edits, copies, and the erasure of an author."""
