"""This room has what is stored of one pad: its history, and everything that is kept beside it.

Begin with `pad_store`, which has a name for each read and write that takes a command or two, and
with `meta`, which says how far the history goes, and `history`, which reads revisions and snapshot
back.

- The history: `document` is the text at one revision, `chunks` are old revisions, `past` reads from
  the first revision on, `opening` opens a pad in one round trip, and `reader` reads it wherever it
  is.
- Beside it: `chat`, `saved` revisions, `options` (a pad's settings), `deletion` tokens, and
  read-only ids in `pads`. `announcements` is what its workers tell each other of these.
- The whole pad: `staging` replaces its history, `moving` takes it to the cold store and `bringing`
  puts it back, `unwritten` removes it if nobody ever wrote in it, and `weight` says how large it
  is.
"""
