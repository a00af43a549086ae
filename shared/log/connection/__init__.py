"""Connections to Redis, and how commands and messages travel on them."""
