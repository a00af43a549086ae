"""This package renders a pad as plain text and as HTML, and reads files into pads. Its functions
are pure."""
