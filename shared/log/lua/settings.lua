-- Changes the settings of a pad, unless somebody else has changed them meanwhile, and tells every
-- worker with a socket on the pad.
--
-- KEYS  1 meta      ARGV  1 channel  2 the settings that were read  3 the new ones
--                         4 onwards: more messages for the channel
-- Replies 'ok', 'nopad', or 'changed'.
local meta = redis.call('HMGET', KEYS[1], 'head', 'settings')
if tonumber(meta[1] or '-1') < 0 then return 'nopad' end
local known = meta[2] or ''
-- The new settings are there already if the call is repeated because its answer was lost.
if known ~= ARGV[2] and known ~= ARGV[3] then return 'changed' end
redis.call('HSET', KEYS[1], 'settings', ARGV[3])
redis.call('SPUBLISH', ARGV[1], 'O' .. ARGV[3])
for i = 4, #ARGV do redis.call('SPUBLISH', ARGV[1], ARGV[i]) end
return 'ok'
