"""`padfleet up`: a whole fleet on one machine, with an embedded Redis if none is named."""
