"""`padfleet backup`: pads to files, while the fleet runs. docs/backup.md says what is in them."""
