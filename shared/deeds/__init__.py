"""What those who look after pads do to them: deletions, copies, moves, and who has to leave.

The page `/fleet/pads`, the commands and the HTTP API come here, so that each deed is done in one
way and stands in the audit log whoever asked for it. `noting` writes down, `pads` does.
"""
