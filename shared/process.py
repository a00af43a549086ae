"""How a long-running process of the fleet starts and ends."""

import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

import uvloop

from padfleet.shared import tracing
from padfleet.shared.log.agreement import Disagreement
from padfleet.shared.log.connect import UNREACHABLE
from padfleet.shared.log.keeping import Unfit
from padfleet.shared.logs import configure
from padfleet.shared.settings import USAGE_ERROR, SettingsError, TracingSettings, load, mask
from padfleet.shared.supervisor import TaskDied

FAULT = 3

S = TypeVar("S", bound=TracingSettings)


def run_process(
    name: str,
    settings_class: type[S],
    serve: Callable[[S], Coroutine[Any, Any, None]],
    argv: Sequence[str],
) -> int:
    """Runs `serve` with the settings from flags and environment, until it returns.

    Returns the exit code: 2 when the settings do not fit the fleet or what is installed, or the
    Redis must not hold a fleet; 1 when there is no Redis; 3 when a part of it that it cannot do
    without has died again and again.
    """
    settings = load(settings_class, f"padfleet {name}", argv, os.environ)
    configure(settings.log_level, settings.log_format, name)
    try:
        tracing.begin(name, settings.trace_share)
        uvloop.run(serve(settings))
    except (Disagreement, SettingsError, Unfit, tracing.NotInstalled) as error:
        print(f"padfleet {name}: {error}", file=sys.stderr)
        return USAGE_ERROR
    except UNREACHABLE as error:
        where = mask(settings.redis_url)
        print(f"padfleet {name}: cannot use Redis at {where}: {error}", file=sys.stderr)
        return 1
    except TaskDied as error:
        print(f"padfleet {name}: ends, since a part of it has died: {error}", file=sys.stderr)
        return FAULT
    finally:
        tracing.end()
    return 0
