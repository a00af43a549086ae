"""Runs the command `padfleet plan`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Final

from padfleet.services.tools.plan.calibrate import calibrate
from padfleet.services.tools.plan.constants import BadConstants, dump, load
from padfleet.services.tools.plan.demand import BadDemand
from padfleet.services.tools.plan.options import demand_of, goal_of, parser
from padfleet.services.tools.plan.plan import plan
from padfleet.services.tools.plan.report import jsonable, lines

_POSSIBLE: Final = 0
_IMPOSSIBLE: Final = 1
_USAGE_ERROR: Final = 2


def main(argv: Sequence[str]) -> int:
    """Prints the plan. Returns 0; 1 if no fleet can do it; 2 if the arguments are invalid."""
    arguments = parser().parse_args(argv)
    try:
        if arguments.calibrate is not None:
            kept = load(arguments.constants) if arguments.keep else None
            made = dump(*calibrate(arguments.calibrate, kept))
            if arguments.out is None:
                print(made, end="")
            else:
                arguments.out.write_text(made)
            return _POSSIBLE
        if arguments.bench is not None:
            constants, provenance = calibrate(arguments.bench)
        else:
            constants, provenance = load(arguments.constants)
        found = plan(demand_of(arguments), goal_of(arguments), constants)
    except (BadDemand, BadConstants, OSError) as error:
        print(f"padfleet plan: {error}", file=sys.stderr)
        return _USAGE_ERROR
    if arguments.json:
        print(json.dumps(jsonable(found, provenance), indent=1))
    else:
        for line in lines(found, provenance):
            print(line)
    return _IMPOSSIBLE if found.impossible else _POSSIBLE


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
