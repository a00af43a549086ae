"""This package converts files and pads in processes of their own: `jobs` says what there is to do
and how it is answered, as bytes for `shared.limited`. It is pure.

`insertion` reads files into what an edit inserts, `shown` writes pads in each form, and `fields`
reads the parameters of a call.
"""
