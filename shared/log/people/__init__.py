"""This package stores authors, the groups whose pads they may open, and who is on a pad.

Begin with `authors`; `visitors` is about those who have contributed nothing yet, `recognition` says
whom a token belongs to, and `author_records` how an author is stored. Then see `presence`, which
has the members of a pad and also the beats of processes. `groups` has groups, `group_sessions` the
sessions that admit people to their pads, and `contributions` the pads of an author. `identities`
has what backups and imports copy about people, and `sent_away` the authors who may not come back
yet.
"""
