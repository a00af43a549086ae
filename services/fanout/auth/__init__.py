"""Who may do what: what stands between a socket and a pad.

`access` has the three modes of `PADFLEET_AUTH`. What decides is pure: `decision` (claims or an
answer to rights), `patterns` (which pads), `keys` and `tokens` (signed tokens), `hook` (what the
operator's service is asked and says), `answers` (what it said a moment ago), `expiry` (whose time
is over). What speaks to others is apart: `jwks` fetches keys, `calls` asks, `web` is their HTTP.
"""
