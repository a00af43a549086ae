-- Takes a pad away that nobody ever wrote in, if nobody is on it nor has been since the last look.
-- Nothing of it stays: who was on it has seen a pad as it is made, and the next one of the name
-- begins with an epoch of its own (I5).
--
-- KEYS  1 state  2 inbox  3 unwritten pads of the partition  4 meta  5 members  6 chat  7 saved
--       8 onwards: every other key of the pad
-- ARGV  1 term  2 reign  3 what stands among the unwritten  4 epoch  5 pad  6 channel  7 next epoch
--       8 when to look again, ms
-- Replies {'gone', read-only id, creator}, {'kept'} for a pad that is no longer one of these,
-- {'later'} while somebody is on it or about to be, {'lease'} when the lease has passed on.
if this_reign(KEYS[1]) ~= ARGV[2] then return {'lease'} end
local held = redis.call('HMGET', KEYS[1], 'term', 'position')
if held[1] ~= ARGV[1] then return {'lease'} end
local meta = redis.call('HMGET', KEYS[4], 'head', 'epoch', 'readonly', 'creator', 'sessions', 'idle')
if meta[1] ~= '0' or (meta[2] or '0') ~= ARGV[4]
  or redis.call('EXISTS', KEYS[6], KEYS[7]) > 0 then
  redis.call('ZREM', KEYS[3], ARGV[3])
  return {'kept'}
end
local later = redis.call('HLEN', KEYS[5]) > 0
-- What somebody has submitted and nobody has read yet is for a pad that must be there.
local waiting = redis.call('XRANGE', KEYS[2], '(' .. (held[2] or '0-0'), '+', 'COUNT', 1000)
later = later or #waiting == 1000
for _, entry in ipairs(waiting) do
  for i = 2, #entry[2], 2 do
    later = later or string.find(entry[2][i], ARGV[5], 1, true) ~= nil
  end
end
-- Nobody since the last look either: who has lost the connection for a minute finds the pad.
local sessions = meta[5] or '0'
if not later and meta[6] ~= sessions then
  redis.call('HSET', KEYS[4], 'idle', sessions)
  later = true
end
if later then
  redis.call('ZADD', KEYS[3], ARGV[8], ARGV[3])
  return {'later'}
end
redis.call('DEL', unpack(KEYS, 4))
redis.call('ZREM', KEYS[3], ARGV[3])
redis.call('SPUBLISH', ARGV[6], 'D' .. ARGV[7])
return {'gone', meta[3] or '', meta[4] or ''}
