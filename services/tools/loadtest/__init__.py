"""`padfleet loadtest`: many cheap clients, and what a server makes of them.

The same tool measures padfleet and Etherpad, since both speak the same protocol. Read it in this
order: `websocket` and `scan` say what came over a socket, `client` is one author or reader without
I/O, `driver` gives it a socket. `worker` is one process full of them, told by `coordinator` what to
do; `plan` says how many there are when, `tally` and `measure` count, `results` keeps what was
found, `report_text`, `report_html` and `chart` show it. `verify` holds the few full clients that
apply every change.
"""
