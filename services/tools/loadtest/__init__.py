"""Implements `padfleet loadtest`, which measures a server under the load of many cheap clients.

The same tool measures padfleet and Etherpad, since both speak the same protocol. Read it in this
order: `websocket` and `scan` decode what came over a socket, `client` is one author or reader
without I/O, and `driver` gives it a socket. `worker` is one process full of them, which follows the
orders of `coordinator`; `plan` says how many there are when, `tally` and `measure` count, `results`
keeps what was found, and `report_text`, `report_html` and `chart` show it. `verify` has the few
full clients that apply every change.
"""
