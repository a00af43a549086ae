"""An Etherpad's own database as the cold store: the table `store` of PostgreSQL or MySQL.

`table` is what is asked of a database, `postgres` and `mysql` do it; `note` is what a fleet keeps
beside each pad, `reading` and `changing` make pads of records and records of pads, and `pads` puts
them together. docs/takeover.md says what may be done with both systems on one database.
"""
