"""Commands for those who develop padfleet. They are not in what is installed from a wheel."""
