"""Pads that lie where it is cheap: what a cold store is, and what is kept of a pad in one.

`store` is the seam for bytes (files, an object store), `pads` the seam for pads, which writers,
workers and tools use; `errors` says what may go wrong at either. Who implements one of them imports
nothing of the others. docs/storage.md says where a pad is at any moment, and
docs/decisions/0019-a-pad-is-in-one-place.md why nothing is lost on the way.
"""
