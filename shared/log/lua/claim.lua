-- Takes, keeps or gives back the name of a process, so that no two processes have the same name.
--
-- KEYS  1 claim
-- ARGV  1 what distinguishes this process from any other that has had its name
--       2 ms that the claim lives; 0 gives it back
-- Replies 0 if the name is this process's, otherwise for how many ms it is still another's; or -1
-- if it is another's and that was not to be believed.
--
-- A claim cannot live for longer than its full length. One that seems to was made by a clock that
-- was ahead of this one, before a fail-over, or has been tampered with. It counts from now on: a
-- process that is alive renews it within that time, and a dead one must not keep the name for
-- longer than usual.
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then
  local left, most = redis.call('PTTL', KEYS[1]), tonumber(ARGV[2])
  if most > 0 and (left < 0 or left > most) then
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    left = -1
  end
  return left == 0 and 1 or left
end
if ARGV[2] == '0' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
return 0
