"""What one client may take of a worker, so that there is enough for the others.

`bucket` says how fast, and `allowances` what: commits, joins, chat, plugins' messages. `addresses`
says who a client is behind proxies, `origins` which pages may connect, `connection_quota` how many
sockets there may be; `admission` puts these three before every request. `idle` ends connections
that never become a session. All but `allowances`, `admission` and `idle` are pure.

docs/limits.md has them all with their reasons.
"""
