"""Keeps each session up to date: decides what it is sent, when, and in how many messages.

Begin with `delivery`, which serves the sessions of one room.

- When: `flush_scheduler` gives rooms their turns, and `pacing` (pure) says how long a busy pad
  pauses.
- What: `cursor` (pure) says what comes next for a session, and `send_plan` (pure) what goes into
  one write.
- To many at once: `flush` is one pass over a room, in which `fast_path` serves those who are at the
  same place; `stretches` (pure) divides what they lack into messages that many can be sent, and
  `encoding` makes each once; `newest` is the short way for a handful; `shared_context` compresses
  once for all.
- One session: `session`, its place in `session_state` (pure: who is skipped, and until when), the
  bytes that are on their way to it in `window` (pure), and `catchup`, if the feed no longer has
  what it lacks.
"""
