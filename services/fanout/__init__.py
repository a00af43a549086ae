"""Implements the fan-out worker, which holds the sockets of the clients and keeps each one up to
date.

In: `transport` reads the sockets, `limits` says how much and how fast, and `auth` who may do what.
`requests` reads what clients send, puts them on pads and passes their edits to the writer; `collab`
serves their other messages, and `timeslider` reads the history for them. `requests.hooks` calls
other people's code.

Out: `hub` has a room for each pad that is open here, which follows the pad's channel. `pads` holds
what the worker knows of a pad, and `presence` who is on it. `delivery` decides what a session is
sent and when, and `transport.outbound` is the one way out of each socket.

`ops` is for the operators of a fleet, and `app` puts everything together. Each room imports only
from those below it; docs/architecture.md has their order.
"""
