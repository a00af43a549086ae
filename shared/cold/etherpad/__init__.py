"""This package uses an Etherpad's own database as the cold store: the table `store` of PostgreSQL
or MySQL.

`table` is the interface to a database, which `postgres` and `mysql` implement; `note` is what a
fleet stores next to each pad; `reading` turns records into pads and `changing` turns pads into
records; `pads` combines them. docs/takeover.md says what may be done with both systems on one
database.
"""
