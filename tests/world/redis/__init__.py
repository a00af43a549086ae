"""A Redis in memory, held against a real one by `tests/integration/world/test_differential.py`."""
