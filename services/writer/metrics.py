"""Defines the metrics of a writer."""

from prometheus_client import Counter, Gauge

from padfleet.shared.counting import QuickCounter, QuickCounters, QuickHistogram

ENTRIES = QuickCounters("padfleet_writer_entries", "Inbox entries settled", "outcome")
DIRECT = QuickCounters(
    "padfleet_writer_direct",
    "Edits that the worker in the same process handed over: committed without an inbox, or "
    "declined and put into it",
    "outcome",
)
for _outcome in ("committed", "declined"):
    DIRECT.add(_outcome, 0)  # so that a fleet without nodes has its figures, too
HEAVY = Counter(
    "padfleet_writer_heavy_entries_total",
    "Inbox entries that took too long for the event loop and were processed in a thread",
)
PARKED = Counter(
    "padfleet_writer_entries_parked_total",
    "Inbox entries that could not be read and were skipped",
    ["reason"],
)
CORRUPT = Counter(
    "padfleet_writer_corrupt_pads_total",
    "Entries refused because the stored data of their pad is inconsistent",
)
REVISIONS = QuickCounter("padfleet_writer_revisions", "Revisions committed")
BATCH = QuickHistogram(
    "padfleet_writer_batch_entries",
    "Inbox entries settled in one commit",
    (1, 2, 5, 10, 20, 50, 100, 200, 500),
)
COMMIT_SECONDS = QuickHistogram(
    "padfleet_writer_commit_seconds",
    "Time from reading a batch of entries to its commit",
    (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5),
)
PARTITIONS = Gauge("padfleet_writer_partitions", "Partitions whose lease this writer holds")
CONFIGURED = Gauge("padfleet_writer_partitions_configured", "Partitions of the fleet")
TAKE_OVERS = Counter("padfleet_writer_leases_taken_total", "Leases taken")
LOST_LEASES = Counter("padfleet_writer_leases_lost_total", "Leases lost to another writer")
SNAPSHOTS = Counter("padfleet_writer_snapshots_total", "Snapshots stored")
VACATED = Counter(
    "padfleet_writer_vacated_pads_total", "Pads removed because nobody ever wrote in them"
)
CHUNKS = Counter("padfleet_writer_chunks_total", "Chunks of old revisions packed")
PADS = Gauge("padfleet_writer_pads", "Pads in memory")
COLD_VERDICTS = Counter(
    "padfleet_cold_freezes_total",
    "Attempts to freeze a pad, by result: frozen, or why it stays",
    ["outcome"],
)
FROZEN = COLD_VERDICTS.labels("frozen")
COLD_BEHIND = Gauge(
    "padfleet_cold_behind_pads", "Pads of which the cold store lacks the newest changes"
)
COLD_BEHIND_SECONDS = Gauge(
    "padfleet_cold_behind_seconds",
    "For how long the cold store has lacked changes of a pad, at most",
)
REPLICAS_SECONDS = QuickHistogram(
    "padfleet_writer_replicas_seconds",
    "Time that a commit was held back until enough replicas had it",
    (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5),
)
REPLICAS_LATE = Counter(
    "padfleet_writer_replicas_late_total", "Waits of 500 ms that ended with too few replicas"
)
