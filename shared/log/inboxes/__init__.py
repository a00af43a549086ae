"""The inboxes, and what becomes of their entries when a writer stores it."""
