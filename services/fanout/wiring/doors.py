"""This module puts together the checks that every request to a worker has to pass: who may come,
how many, and how slowly."""

import socket
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Middleware

from padfleet.services.fanout.limits.addresses import Trusted, networks
from padfleet.services.fanout.limits.admission import gate
from padfleet.services.fanout.limits.connection_quota import ConnectionQuota
from padfleet.services.fanout.limits.connections import Connections, ServedSockets
from padfleet.services.fanout.limits.counted_requests import counted_requests
from padfleet.services.fanout.limits.descriptors import Descriptors, raise_limit
from padfleet.services.fanout.limits.doorman import doorman
from padfleet.services.fanout.limits.hosts import Hosts
from padfleet.services.fanout.limits.idle import IdleSockets
from padfleet.services.fanout.limits.origins import Origins
from padfleet.services.fanout.limits.request_rate import RequestRate
from padfleet.services.fanout.ops.drain import Drain, turning_away
from padfleet.services.fanout.requests.http_access import by_the_lane_of_calls
from padfleet.shared.serving import add_safe_headers
from padfleet.shared.settings import FanoutSettings


@dataclass(frozen=True, slots=True)
class Doors:
    """The checks at the doors of one worker."""

    trusted: Trusted
    rate: RequestRate
    origins: Origins
    connections: Connections
    places: ConnectionQuota
    idle_sockets: IdleSockets
    counted: Middleware
    asked_where_from: Middleware

    @classmethod
    def of(
        cls, settings: FanoutSettings, served: ServedSockets, idle_sockets: IdleSockets
    ) -> "Doors":
        """Creates the checks for these settings; `served` knows the sockets that there are, and
        `idle_sockets` those on no pad."""
        trusted = Trusted(networks(settings.trusted_proxies), settings.client_address_header)
        rate = RequestRate(settings.requests_per_second_per_address)
        origins = Origins(settings.cors)
        total, per_address = settings.max_sockets, settings.max_sockets_per_address
        connections = Connections(
            Descriptors(raise_limit()),
            timeout=settings.request_timeout_ms / 1000,
            total=total,
            per_address=per_address,
            is_proxy=trusted.knows,
            served=served,
            end_a_socket=idle_sockets.end_one,
        )
        return cls(
            trusted,
            rate,
            origins,
            connections,
            ConnectionQuota(total=total, per_address=per_address),
            idle_sockets,
            counted_requests(trusted, rate),
            doorman(trusted, Hosts(settings.hosts, socket.gethostname()), origins),
        )

    def application(self, settings: FanoutSettings, drain: Drain) -> web.Application:
        """Creates the application for clients, who have to pass all checks. `drain` says when
        newcomers are sent elsewhere."""
        app = web.Application(
            client_max_size=settings.max_message_bytes,
            middlewares=[
                self.connections.middleware,
                self.counted,
                by_the_lane_of_calls,
                turning_away(drain),
                self.asked_where_from,
                gate(self.trusted, self.places, self.idle_sockets.make_place_for),
            ],
        )
        add_safe_headers(app, self._may_be_loaded)
        return app

    def operators_application(self) -> web.Application:
        """Creates the application for operators. It has a port of its own, so that no proxy in
        front can be tricked into passing a client's request on to it."""
        ops = web.Application(middlewares=[self.counted, self.asked_where_from])
        add_safe_headers(ops)
        return ops

    def _may_be_loaded(self, request: web.BaseRequest) -> bool:
        return self.origins.lists(request.headers.get("Origin", ""))
