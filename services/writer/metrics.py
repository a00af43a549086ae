"""What a writer counts."""

from prometheus_client import Counter, Gauge, Histogram

ENTRIES = Counter("padfleet_writer_entries_total", "Inbox entries settled", ["outcome"])
REVISIONS = Counter("padfleet_writer_revisions_total", "Revisions committed")
BATCH = Histogram(
    "padfleet_writer_batch_entries",
    "Inbox entries settled in one commit",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
)
COMMIT_SECONDS = Histogram(
    "padfleet_writer_commit_seconds",
    "Time from reading a batch of entries to its commit",
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5),
)
PARTITIONS = Gauge("padfleet_writer_partitions", "Partitions that this writer has the lease of")
TAKE_OVERS = Counter("padfleet_writer_leases_taken_total", "Leases taken")
LOST_LEASES = Counter("padfleet_writer_leases_lost_total", "Leases found to be another writer's")
SNAPSHOTS = Counter("padfleet_writer_snapshots_total", "Snapshots stored")
CHUNKS = Counter("padfleet_writer_chunks_total", "Chunks of old revisions packed")
PADS = Gauge("padfleet_writer_pads", "Pads in memory")
