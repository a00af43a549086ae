"""`padfleet vectors`: check the changeset engine against recorded results of Etherpad's own."""
