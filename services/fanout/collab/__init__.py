"""COLLABROOM messages, one module for each matter. `HANDLERS` says which is whose.

Each handler is given an `Asked`: a message of a session that is on its pad and may write. It raises
`ClientError` for what cannot be served; the text is Etherpad's wherever Etherpad has one.
"""
