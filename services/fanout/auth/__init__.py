"""This package decides who may do what: it stands between a socket and a pad.

`access` has the three modes of `PADFLEET_AUTH`. The modules that decide are pure: `decision` (turns
claims or an answer into rights), `patterns` (which pads), `keys` and `tokens` (signed tokens),
`hook` (the question to the operator's service and its answer), `answers` (recent answers), `expiry`
(whose time is over). The modules that talk to other services are separate: `jwks` fetches keys,
`calls` asks the operator's service, and `web` is the HTTP of both.
"""
