"""`padfleet verify`: whether what is stored of each pad fits together, and what a backup is of."""
