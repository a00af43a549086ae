"""What is stored of one pad: its history, and all that stands beside it."""
