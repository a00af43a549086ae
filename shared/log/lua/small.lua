-- Reads the small keys of a pad, and the stamp that they have, at one moment.
--
-- KEYS  1 meta  2 chat  3 saved  4 fences  5 seen  6 seen before
-- Replies {stamp, and as lists of names and values in turn: meta, fences, seen, seen before}.
return {stamp_of(KEYS[1], KEYS[2], KEYS[3], KEYS[4]), redis.call('HGETALL', KEYS[1]),
  redis.call('HGETALL', KEYS[4]), redis.call('HGETALL', KEYS[5]), redis.call('HGETALL', KEYS[6])}
