-- Says what Redis knows about where a pad is.
--
-- KEYS  1 state  2 meta  3 moving  4 witnesses      ARGV  1 pad  2 its key among the witnesses
-- Replies {reign, head ('' if nothing of the pad is here), epoch, move ('' = none), witness ('' =
-- none)}.
local meta = redis.call('HMGET', KEYS[2], 'head', 'epoch', 'reigns')
local move = redis.call('HGET', KEYS[3], ARGV[1]) or ''
return {this_reign(KEYS[1], meta[1] and meta[3] or ''), meta[1] or '', meta[2] or '', move,
  witness_of(KEYS[1], KEYS[4], ARGV[2])}
