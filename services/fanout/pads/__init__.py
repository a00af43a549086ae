"""What a worker knows of a pad: its latest revisions, also after something was missed."""
