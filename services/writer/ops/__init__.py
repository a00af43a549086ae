"""What a writer reports to those who run the fleet: `readiness`, and the `figures` of its
record."""
