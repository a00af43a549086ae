"""This package renders a pad as plain text and as HTML, and reads HTML into pads. Its functions
are pure."""
