"""Runs Etherpad's own browser specs on its page, before its own server and before ours."""
