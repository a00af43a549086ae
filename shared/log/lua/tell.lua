-- Tells the workers of a commit that the replicas have by now.
--
-- KEYS  1 state
-- ARGV  1 term  2 position of the commit  3 onwards: channel, message, …
for i = 3, #ARGV, 2 do redis.call('SPUBLISH', ARGV[i], ARGV[i + 1]) end
local held = redis.call('HMGET', KEYS[1], 'term', 'position')
if held[1] == ARGV[1] and held[2] == ARGV[2] then
  redis.call('HSET', KEYS[1], 'told', ARGV[2])
  redis.call('HDEL', KEYS[1], 'untold')
end
return 1
