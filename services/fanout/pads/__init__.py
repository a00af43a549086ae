"""What a worker knows of a pad: its latest revisions, even if messages were missed."""
