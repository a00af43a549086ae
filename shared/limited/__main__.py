"""``python -m padfleet.shared.limited``: see `child`."""

import sys

from padfleet.shared.limited.child import main

main(sys.argv[1:])
