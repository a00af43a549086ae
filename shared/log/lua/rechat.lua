-- Replaces a pad's chat by one that was written under a temporary key, unless something was said
-- meanwhile.
--
-- KEYS  1 chat  2 meta  3 the new chat    ARGV  1 epoch of the pad  2 messages  3 ID of the newest
-- Replies 'ok', or why nothing was done: 'changed', 'staged'.
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if redis.call('HGET', KEYS[2], 'epoch') ~= ARGV[1] or not newest or newest[1] ~= ARGV[3]
  or redis.call('XLEN', KEYS[1]) ~= tonumber(ARGV[2]) then
  return 'changed'
end
if redis.call('XLEN', KEYS[3]) ~= tonumber(ARGV[2]) then return 'staged' end
redis.call('RENAME', KEYS[3], KEYS[1])
redis.call('PERSIST', KEYS[1])
return 'ok'
