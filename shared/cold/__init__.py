"""This package is the cold store: cheap storage for pads that nobody has open, and the interfaces
to it.

`store` is the interface for bytes (files, an object store), and `pads` is the interface for pads,
which writers, workers and tools use; `errors` lists what may go wrong at either. An implementation
of one interface imports nothing from the other implementations. docs/storage.md says where a pad is
at any moment, and docs/decisions/0019-a-pad-is-in-one-place.md says why nothing is lost on the way.
"""
