-- Removes a pad that nobody ever wrote in, if nobody is on it or has been since the last check.
-- Nothing of it stays: those who were on it have seen a pad as it is first made, and the next pad
-- of that name begins with a different epoch (I5).
--
-- KEYS  1 state  2 inbox  3 unwritten pads of the partition  4 meta  5 members  6 chat  7 saved
--       8 onwards: every other key of the pad
-- ARGV  1 term  2 reign  3 its record among the unwritten  4 epoch  5 pad  6 channel  7 next epoch
--       8 the time of this check, ms
-- Replies {'gone', read-only id, creator}; {'kept'} for a pad that is no longer one of these;
-- {'later'} while somebody is on it or about to be; or {'lease'} if the lease is another writer's.
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
-- A submission that has not been read yet needs the pad to exist.
local waiting = redis.call('XRANGE', KEYS[2], '(' .. (held[2] or '0-0'), '+', 'COUNT', 1000)
later = later or #waiting == 1000
for _, entry in ipairs(waiting) do
  for i = 2, #entry[2], 2 do
    later = later or string.find(entry[2][i], ARGV[5], 1, true) ~= nil
  end
end
-- Nobody may have come since the last check either, so that people who have lost the connection for
-- a minute still find the pad.
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
