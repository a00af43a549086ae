-- Takes away what is left of a pad that was deleted, once the cold store has none of it: the next one
-- of the name has an epoch of its own in any case. Of one that is not here, only its place among the
-- pads that are.
--
-- KEYS  1 hot  2 meta      ARGV  1 pad  2 epoch that began with its deletion
local meta = redis.call('HMGET', KEYS[2], 'head', 'epoch')
if meta[1] and (meta[1] ~= '-1' or meta[2] ~= ARGV[2]) then return 0 end
if meta[1] then redis.call('UNLINK', KEYS[2]) end
redis.call('ZREM', KEYS[1], ARGV[1])
return 1
