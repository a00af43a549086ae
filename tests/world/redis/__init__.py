"""Simulates a Redis in memory, which `tests/integration/world/test_differential.py` compares with a
real one."""
