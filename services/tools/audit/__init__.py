"""`padfleet audit`: what has been done to pads by those who look after them."""
