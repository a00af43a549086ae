"""This module puts together what looks after a worker: its readiness, the tasks that run as long as
it does, and how it ends."""

from dataclasses import dataclass
from functools import partial

from prometheus_client import REGISTRY

from padfleet.services.fanout.limits.idle import sweep
from padfleet.services.fanout.ops.canary import Canaries
from padfleet.services.fanout.ops.drain import Drain
from padfleet.services.fanout.ops.expired import Expired
from padfleet.services.fanout.ops.figures import figures_of
from padfleet.services.fanout.ops.lag_metrics import LagMetrics
from padfleet.services.fanout.ops.liveness import Liveness
from padfleet.services.fanout.ops.readiness import add_readiness, remark_on
from padfleet.services.fanout.wiring.http import Http
from padfleet.services.fanout.wiring.requests import Requests
from padfleet.shared.deadlines import watch
from padfleet.shared.process import Process
from padfleet.shared.settings import FanoutSettings


@dataclass(frozen=True, slots=True)
class Operations:
    """Everything that one worker has for its operators."""

    drain: Drain
    liveness: Liveness
    canaries: Canaries


def open_operations(process: Process, settings: FanoutSettings, requests: Requests) -> Operations:
    """Creates all of it, and adds its checks to the health of the process."""
    redis, rooms, health = process.redis, requests.rooms, process.health
    liveness = Liveness(redis, rooms, process.id, settings.presence_timeout_ms)
    canaries = Canaries(redis, process.keyspace, rooms, requests.inbox, process.supervisor)
    drain = Drain()
    add_readiness(health, redis, rooms, liveness, settings.presence_timeout_ms)
    health.ready("access", partial(remark_on, requests.access))
    health.ready("draining", drain.why_not_ready)
    health.ready("canary", canaries.why_not_ready)
    REGISTRY.register(LagMetrics(rooms.places))
    return Operations(drain, liveness, canaries)


async def begin(
    process: Process,
    settings: FanoutSettings,
    requests: Requests,
    operations: Operations,
    http: Http,
) -> None:
    """Sends the worker's first beat, starts its tasks, and lets people in.

    Raises what `UNREACHABLE` lists if Redis is away, and OSError for a port that is taken.
    """
    rooms, pads, liveness = requests.rooms, requests.messages.pads, operations.liveness
    await requests.access.start()
    if requests.callers is not None:
        await requests.callers.start()
    await liveness.beat()
    process.ends.push_async_callback(liveness.retire)
    expired = Expired(pads, requests.join_handler, reconnect=settings.auth_expired == "reconnect")
    process.keep("heartbeat", http.heartbeat.run)
    process.keep("liveness", liveness.run)
    process.keep("audit", rooms.watch_over)
    process.keep("canaries", operations.canaries.run)
    process.keep("stalled", rooms.drop_stalled)
    process.keep("expiry", partial(watch, pads.deadlines, expired.check))
    process.keep("idle", partial(sweep, requests.idle_sockets))
    process.keep("connections", http.connections.watch)
    await process.listen(settings.ops, figures_of(rooms))
