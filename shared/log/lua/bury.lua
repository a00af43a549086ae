-- Removes what is left of a deleted pad, once the cold store has nothing of it: the next pad of
-- that name gets a different epoch in any case. If Redis has nothing of the pad, only its entry
-- among the hot pads is removed.
--
-- KEYS  1 hot  2 meta      ARGV  1 pad  2 epoch that began with its deletion
local meta = redis.call('HMGET', KEYS[2], 'head', 'epoch')
if meta[1] and (meta[1] ~= '-1' or meta[2] ~= ARGV[2]) then return 0 end
if meta[1] then redis.call('UNLINK', KEYS[2]) end
redis.call('ZREM', KEYS[1], ARGV[1])
return 1
