"""Pads as office documents and PDF, and office documents as what an edit inserts. Pure.

The libraries for it come with ``padfleet[documents]``; `offered` says which of them are there.
All of this runs in the processes of `shared.limited`, which bound its time and memory.
"""
