-- Takes, keeps or gives back the name of a process, so that no two have the same.
--
-- KEYS  1 claim
-- ARGV  1 what tells this process from any other that has had its name  2 ms that the claim lives;
--       0 gives it back
-- Replies 1 when the name is this process', 0 while it is another's.
--
-- A claim cannot live for longer than it is long. One that seems to was made by a clock that was
-- ahead of this one, before a fail-over, or has been meddled with. It counts from now on: who still
-- lives renews it within that time, and who is dead must not keep the name for longer than others.
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then
  local left, most = redis.call('PTTL', KEYS[1]), tonumber(ARGV[2])
  if most > 0 and (left < 0 or left > most) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
  return 0
end
if ARGV[2] == '0' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
return 1
