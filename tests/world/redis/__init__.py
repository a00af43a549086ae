"""A Redis in memory, held against a real one by `tests/integration/test_simulated_redis.py`."""
