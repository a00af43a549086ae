"""`padfleet export`: pads as `.etherpad` files, which an Etherpad can import."""
