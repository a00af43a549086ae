-- Notes in a pad's meta how much of it the cold store has.
--
-- KEYS  1 meta      ARGV  1 epoch  2 what to note
local meta = redis.call('HMGET', KEYS[1], 'head', 'epoch')
if not meta[1] or (meta[2] or '0') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'cold', ARGV[2])
return 1
