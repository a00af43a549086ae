"""``python -m shared.limited``: see `child`."""

import sys

from shared.limited.child import main

main(sys.argv[1:])
