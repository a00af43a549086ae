"""Defines the metrics of a fan-out worker."""

import time
from collections.abc import Sequence

from prometheus_client import Counter, Gauge

from padfleet.shared.budget import Budget
from padfleet.shared.counting import QuickCounter, QuickCounters, QuickHistogram

LATENCY = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5, 10)
COST = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1)

SOCKETS = Gauge("padfleet_fanout_sockets", "Open sockets")
SESSIONS = Gauge("padfleet_fanout_sessions", "Sessions on pads")
PADS = Gauge(
    "padfleet_fanout_pads", "Pads that are open on this worker, including those of the canaries"
)
MESSAGES = QuickCounters("padfleet_fanout_messages", "Messages from clients", "type")
REVISIONS = QuickCounter("padfleet_fanout_revisions", "Revisions added to feeds")
GAPS = Counter(
    "padfleet_fanout_gaps_total", "Gaps noticed between the revisions that channels delivered"
)
ROLLBACKS = Counter(
    "padfleet_fanout_rollbacks_total",
    "Pads whose history was found to have lost revisions in a fail-over",
)
REPAIRS = Counter("padfleet_fanout_repairs_total", "Reads of a stream to correct a feed")
CATCH_UPS = Counter(
    "padfleet_fanout_catch_ups_total", "Catch-ups of sessions that had fallen behind the feed"
)
DROPPED = Counter(
    "padfleet_fanout_dropped_total",
    "Sockets closed by the worker so that their clients resume",
    ["why"],
)
DISCONNECTS = Counter(
    "padfleet_fanout_disconnects_total", "Clients disconnected for good, with a reason", ["reason"]
)
DENIED = Counter(
    "padfleet_fanout_denied_total",
    "Joins denied, and sessions ended because their access has expired",
    ["reason"],
)
OUTGOING_BYTES = Gauge(
    "padfleet_fanout_outgoing_bytes",
    "Bytes held for clients: large pads for people who are joining, exports, and answers of the "
    "API",
)
OUTGOING_WAITING = Gauge(
    "padfleet_fanout_outgoing_waiting",
    "Pads, exports and answers that wait for room among these bytes",
)
HOOK_CALLS = Counter(
    "padfleet_fanout_hook_calls_total", "Questions asked of the access hook", ["answer"]
)
DENIED_CALLERS = Counter(
    "padfleet_fanout_denied_callers_total",
    "Bearer tokens refused by the HTTP API",
    ["reason"],
)
KEY_FETCHES = Counter(
    "padfleet_fanout_key_fetches_total", "Fetches of the JSON Web Key Set", ["outcome"]
)
EXPIRED = Counter(
    "padfleet_fanout_expired_members_total", "Members removed because their worker has died"
)

# --- How long a revision takes ---
# These are observed once for each channel message, flush or answer, never for each socket, so that
# they cost the same on a pad with three people as on one with three thousand.
TRANSIT_SECONDS = QuickHistogram(
    "padfleet_fanout_transit_seconds",
    "From the commit of a revision to its arrival in the feed of this worker",
    LATENCY,
)
HELD_SECONDS = QuickHistogram(
    "padfleet_fanout_held_seconds",
    "From the arrival of a revision in the feed to the flush that carries it",
    LATENCY,
)
DELIVERY_SECONDS = QuickHistogram(
    "padfleet_fanout_delivery_seconds",
    "From the commit of a revision to the client's answer that it has arrived; a sample",
    LATENCY,
)
APPLY_SECONDS = QuickHistogram(
    "etherpad_changeset_apply_duration_seconds",
    "From the arrival of a USER_CHANGES to its ACCEPT_COMMIT; Etherpad's name for it",
    LATENCY,
)

# --- What fan-out costs ---
FLUSH_SECONDS = QuickHistogram(
    "padfleet_fanout_flush_seconds",
    "Event loop time that one flush of a pad took",
    COST,
)
PAUSE_SECONDS = QuickHistogram(
    "padfleet_fanout_pause_seconds",
    "Time by which a flush was delayed because the pad is busy; 0 for a quiet pad",
    LATENCY,
)
BATCH_REVISIONS = QuickHistogram(
    "padfleet_fanout_batch_revisions",
    "Revisions in one NEW_CHANGES or NEW_CHANGES_BATCH; counted once for each size within a flush",
    (1, 2, 5, 10, 20, 50, 100, 200, 500),
)
DELIVERED = QuickCounter("padfleet_fanout_delivered", "Revisions delivered, over all sockets")
FRAMES = QuickCounters(
    "padfleet_fanout_frames", "Messages that carry revisions, over all sockets", "type"
)
BYTES = QuickCounter("padfleet_fanout_bytes", "Bytes of those messages, over all sockets")
ROSTER_WRITES = QuickCounter(
    "padfleet_fanout_roster_writes", "Writes that tell a session who is on its pad"
)
ROSTER_BYTES = QuickCounter(
    "padfleet_fanout_roster_bytes", "Bytes of the writes that tell a session who is on its pad"
)
DEFLATED = QuickCounters(
    "padfleet_fanout_deflate_bytes",
    "Bytes of WebSocket messages that were sent compressed, over all sockets: before and after "
    "compression",
    "side",
)
DEFLATE_SECONDS = QuickCounter(
    "padfleet_fanout_deflate_seconds",
    "Event loop time spent on compression; counted once for all sockets that were sent the same",
)
INFLATED = QuickCounter(
    "padfleet_fanout_inflated_bytes",
    "Bytes of compressed WebSocket messages from clients, after decompression",
)


def watch_outgoing(budgets: Sequence[Budget]) -> None:
    """Reports how full the budgets are together, and how many requests wait."""
    OUTGOING_BYTES.set_function(lambda: sum(budget.used for budget in budgets))
    OUTGOING_WAITING.set_function(lambda: sum(budget.waiting for budget in budgets))


def arrived_in_feed(committed_ms: int) -> None:
    """Observes how long a revision that was committed at that time took to arrive. It compares wall
    clocks, which is correct within a machine, and between machines as far as their clocks agree."""
    TRANSIT_SECONDS.observe(max(0.0, time.time() - committed_ms / 1000))


def deflated(before: int, after: int) -> None:
    """Counts bytes before and after compression, over all sockets that they were written to."""
    DEFLATED.add("before", before)
    DEFLATED.add("after", after)


def delivered(committed_ms: int) -> None:
    """Observes a flush that a client has acknowledged, and whose oldest revision was committed at
    that time."""
    DELIVERY_SECONDS.observe(max(0.0, time.time() - committed_ms / 1000))


CANARY_SECONDS = QuickHistogram(
    "padfleet_fanout_canary_seconds",
    "Time that a canary revision took through inbox, writer, stream and channel",
    (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2),
)
POINTERS = Counter(
    "padfleet_fanout_cursors_total", "Messages to sessions about the cursors of others"
)
CANARIES_LOST = Counter(
    "padfleet_fanout_canaries_lost_total", "Canary revisions that did not come back"
)
