"""`/stats/prometheus`, which Etherpad's tools scrape, with the names that they read.

Etherpad 3.3.1 counts there when `scalingDiveMetrics` is set. The numbers mean what they mean there,
as far as a fleet can say it: this worker's own share of them.

A pad's name is all that it takes to write on it in an open fleet, so the pads are named only to who
has the password of `/fleet`.
"""

from collections.abc import Callable, Iterator

from aiohttp import web
from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder

from padfleet.services.fanout import metrics
from padfleet.services.fanout.hub.rooms import Rooms
from padfleet.shared.log.keys import CANARY

BUSIEST = 100
"""Pads that are named, those with the most users. A label for every pad would be a time series for
every pad; Etherpad has them all, in one process."""


class _WithEtherpadNames:
    """All of our metrics, and Etherpad's made from them. A registry, as far as an encoder goes."""

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
    """`admits`: whether a header `Authorization` is of somebody who may know the pads' names."""

    async def stats(request: web.Request) -> web.Response:
        naming = admits(request.headers.get("Authorization", ""))
        registry = _WithEtherpadNames(rooms, naming=naming)
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(registry), headers={"Content-Type": content_type})

    app.router.add_get("/stats/prometheus", stats)
