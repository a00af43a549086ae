"""Keeps each session up to date: decides what it is sent, when, and in how many messages."""
