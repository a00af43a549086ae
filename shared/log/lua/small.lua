-- Reads the small keys of a pad, the newest chat message and saved revision, and the stamp of
-- everything, at one moment.
--
-- KEYS  1 meta  2 chat  3 saved  4 fences  5 seen  6 seen before
-- Replies {stamp, ID of the newest message ('' = none), the last saved revision ('' = none)} and
-- then, as lists of alternating names and values: meta, fences, seen, seen before.
return {stamp_of(KEYS[1], KEYS[2], KEYS[3], KEYS[4]), said_last(KEYS[2]), saved_last(KEYS[3]),
  redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[4]), redis.call('HGETALL', KEYS[5]),
  redis.call('HGETALL', KEYS[6])}
