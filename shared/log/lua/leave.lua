-- Removes sessions from a pad's members, and tells the workers of those that were still there:
-- several workers may notice the same death.
--
-- KEYS  1 members      ARGV  1 channel  2 onwards: session, leave record, …
-- Replies the number of sessions removed.
local gone = 0
for i = 2, #ARGV, 2 do
  if redis.call('HDEL', KEYS[1], ARGV[i]) == 1 then
    gone = gone + 1
    redis.call('SPUBLISH', ARGV[1], 'L' .. ARGV[i + 1])
  end
end
return gone
