"""Implements `padfleet export`, which writes pads as `.etherpad` files that an Etherpad can
import."""
