"""This package writes pads as office documents and PDF, and reads office documents into what an
edit inserts. It is pure.

The libraries for this come with ``padfleet[documents]``; `offered` says which of them are
installed. All of it runs in the processes of `shared.limited`, which limit its time and memory.
"""
