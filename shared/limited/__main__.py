"""This module makes ``python -m padfleet.shared.limited`` run `child`."""

import sys

from padfleet.shared.limited.child import main

main(sys.argv[1:])
