"""The fan-out worker: holds the sockets of the clients and brings each one up to date.

In: `transport` reads the sockets, `limits` says how much and how fast, `auth` says who may do what.
`requests` reads what clients say, puts them on pads and hands their edits to the writer; `collab`
serves their other messages, `timeslider` looks back for them. `requests.hooks` is where other
people's code takes part.

Out: `hub` has a room for each pad that is open here, which follows the pad's channel. `pads` is
what the worker knows of a pad, `presence` who is on it. `delivery` says when a session is sent
what, and `transport.outbound` is the one way out of each socket.

`ops` is for those who run the fleet, and `app` puts it all together. Each room imports from those
below it only; docs/architecture.md has their order.
"""
