"""This package serves what clients ask for: to be let in, and what they send once they are in.

Begin with `messages`: it reads what a socket sends, checks whether that is allowed, and answers
(`replies`). `socket_events` handles sockets that connect and disconnect.

- Joining: `coming_and_going` puts a socket on the pad that it asks for, and takes it off again.
  `join` is how, and `client_ready` what a client comes with. `identification` says who the client
  is, `ahead` opens the pad meanwhile, `join_gate` limits how many join at once, and `creation`
  makes pads that do not exist. Newcomers then go through `arrival`, and those who come back through
  `resuming`; `joining` is what the two have in common. A client that can only read a cold pad, or
  only shows its history, is an `onlooker`, and `looking` is how it becomes one. `turning_away` is
  for those who cannot be let in.
- On a pad: `commits` passes edits on to the writer. `handlers` is the table that `collab` fills,
  and `context` is what each handler is given. `rights` says what a user may do to a pad.
- Differences between clients: `client_capabilities` is what a client announces, and `legacy` is for
  old clients.
- `hooks` runs other people's code, `http_access` lets in those who come without a socket, and
  `shouts` shows a notice.
"""
