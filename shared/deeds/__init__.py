"""Carries out deeds: deleting, copying and moving pads, and sending people away from them.

The page `/fleet/pads`, the commands and the HTTP API all use this package, so that each deed is
done in one way and is in the audit log, whoever asked for it. `noting` records deeds, and `pads`
does them.
"""
