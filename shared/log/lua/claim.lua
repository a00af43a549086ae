-- Takes, keeps or gives back the name of a process, so that no two have the same.
--
-- KEYS  1 claim
-- ARGV  1 what tells this process from any other that has had its name  2 ms that the claim lives;
--       0 gives it back
-- Replies 1 when the name is this process', 0 while it is another's.
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
return 1
