"""What the processes of a fleet agree on and say of themselves, and what there is in it."""
