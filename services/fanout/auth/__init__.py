"""This package decides who may do what: it stands between a socket and a pad.

`access` is the interface, and `modes` opens one of the three modes of `PADFLEET_AUTH`, which are
`open_access`, `token_access` and `hook_access`; `handshake` is what a client brings. The
modules that decide are pure: `decision` (turns claims or an answer into rights, and says until
when), `patterns` (which pads), `keys` and `tokens` (signed tokens), `hook` (the question to the
operator's service and its answer), `answers` (recent answers). The modules that talk to other
services are separate: `jwks` fetches keys, `calls` asks the operator's service, and `web` is the
HTTP of both. `group_pads` and `restrictions` are Etherpad's own rules, and `api_tokens` is for
callers of the HTTP API. `ops.expired` handles sessions whose access has ended.
"""
