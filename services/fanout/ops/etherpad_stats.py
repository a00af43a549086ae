"""This module serves `/stats/prometheus`, which Etherpad's tools scrape, with the names that they
read.

Etherpad 3.3.1 provides these figures if `scalingDiveMetrics` is set. Here they have the same
meaning as far as a fleet allows it: each worker reports its own share.

In an open fleet a pad's name is all that it takes to write on it, so pads are only named to clients
that have the password of `/fleet`.
"""

from collections.abc import Callable, Iterator

from aiohttp import web
from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from padfleet.services.fanout import metrics
from padfleet.services.fanout.hub.rooms import Rooms
from padfleet.shared.health import encoder_for
from padfleet.shared.log.keys import CANARY

BUSIEST = 100
"""How many pads are named; they are the ones with the most users. A label for every pad would be a
time series for every pad. Etherpad names all of them, but it is only one process."""


class _WithEtherpadNames:
    """All of our metrics, and Etherpad's, which are derived from them. It has the part of a
    registry that an encoder needs."""

    def __init__(self, rooms: Rooms, *, naming: bool) -> None:
        self._rooms = rooms
        self._naming = naming

    def collect(self) -> Iterator[Metric]:
        yield from REGISTRY.collect()
        emits = CounterMetricFamily(
            "etherpad_socket_emits", "Messages sent to sockets, by type", labels=["type"]
        )
        for kind, count in metrics.FRAMES.values.items():
            emits.add_metric([kind], count)
        yield emits
        if self._naming:
            yield self._users()

    def _users(self) -> Metric:
        users = GaugeMetricFamily(
            "etherpad_pad_users",
            f"Users on a pad, over all workers; the {BUSIEST} busiest of this worker",
            labels=["padId"],
        )
        crowds = sorted(
            (
                (len(room.people.roster), room.pad_id)
                for room in self._rooms
                if not room.pad_id.startswith(CANARY)
            ),
            reverse=True,
        )
        for crowd, pad_id in crowds[:BUSIEST]:
            users.add_metric([pad_id.encode("utf-8", "replace").decode()], crowd)
        return users


def add_stats_route(app: web.Application, rooms: Rooms, admits: Callable[[str], bool]) -> None:
    """Adds the route to the application; `admits` says whether a header `Authorization` is that of
    somebody who may learn the pads' names."""

    async def stats(request: web.Request) -> web.Response:
        naming = admits(request.headers.get("Authorization", ""))
        registry = _WithEtherpadNames(rooms, naming=naming)
        encode, content_type = encoder_for(request)
        return web.Response(body=encode(registry), headers={"Content-Type": content_type})

    app.router.add_get("/stats/prometheus", stats)
