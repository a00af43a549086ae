"""What a fan-out worker counts."""

from prometheus_client import Counter, Gauge

SOCKETS = Gauge("padfleet_fanout_sockets", "Open sockets")
SESSIONS = Gauge("padfleet_fanout_sessions", "Sessions on pads")
PADS = Gauge("padfleet_fanout_pads", "Pads with a session here")
MESSAGES = Counter("padfleet_fanout_messages_total", "Messages from clients", ["type"])
REVISIONS = Counter("padfleet_fanout_revisions_total", "Revisions taken into feeds")
GAPS = Counter("padfleet_fanout_gaps_total", "Gaps found in what the channels brought")
REPAIRS = Counter("padfleet_fanout_repairs_total", "Reads of a stream to set a feed right")
CATCH_UPS = Counter("padfleet_fanout_catch_ups_total", "Sessions that were behind the feed")
DROPPED = Counter("padfleet_fanout_dropped_total", "Sockets closed by us to resume", ["why"])
DISCONNECTS = Counter("padfleet_fanout_disconnects_total", "Clients told to leave", ["reason"])
EXPIRED = Counter("padfleet_fanout_expired_members_total", "Members taken out for a dead worker")
