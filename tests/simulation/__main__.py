"""Runs `python -m tests.simulation`: all scenarios go into docs/capacity.md, and their raw figures
into tests/benchmarks/results/capacity.json.

`--constants` puts only the constants and an example into the page, `--check FILE` only what
`tests.simulation.check` has written there.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from padfleet.services.tools.plan.constants import load
from tests.simulation import page
from tests.simulation.charts import svg
from tests.simulation.check import table
from tests.simulation.scenarios import SCENARIOS, run, small

WORKERS, WRITERS = 100, 2


def main(argv: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(prog="tests.simulation", description=__doc__)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", metavar="NAME", help="one scenario; the page stays as it is")
    options.add_argument(
        "--small", type=int, metavar="N", help="the N-th part of people and workers"
    )
    options.add_argument("--constants", action="store_true", help="put them into the page")
    options.add_argument("--check", type=Path, metavar="FILE", help="put it into the page")
    args = options.parse_args(argv)
    if args.constants:
        page.put("constants", "\n".join(page.constants()))
        page.put("plan", "\n".join(page.example()))
        return
    if args.check is not None:
        data = json.loads(args.check.read_text())
        page.keep("check", {key: data[key] for key in ("machine", "figures")})
        page.put("check", table(data))
        return
    chosen = [one for one in SCENARIOS if args.only in (None, one.name)]
    if not chosen:
        options.error(f"no such scenario; there are {', '.join(one.name for one in SCENARIOS)}")
    constants, _ = load()
    by, found = args.small or 1, []
    for scenario in chosen:
        workers = max(4, WORKERS // by)
        found.append(
            run(small(scenario, by), constants, workers=workers, writers=WRITERS, seed=args.seed)
        )
        print(f"{scenario.name}: {found[-1]['took_s']:.0f} s", file=sys.stderr, flush=True)
    print("\n".join(page.scenarios(found)))
    if args.only is None and args.small is None:
        took = sum(one.pop("took_s") for one in found)
        page.keep("simulation", found)
        page.CHART.write_text(svg(found))
        page.put("simulation", "\n".join(page.scenarios(found)))
        print(f"All of it took {took:.0f} s.", file=sys.stderr)


if __name__ == "__main__":
    main()
