"""What a pad looks like as plain text and as HTML. Pure functions of its attributed text."""
