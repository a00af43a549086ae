"""Authors, the groups whose pads they may open, and who is on a pad.

Begin with `authors`, who is known by which token, and `presence`, which has the members of a pad
and also the beats of processes. `groups` has groups and their sessions, `contributions` the pads of
an author, `identities` what backups and imports take along of people, and `sent_away` those who may
not come back yet.
"""
